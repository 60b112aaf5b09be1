import { Injectable } from '@nestjs/common';
import { LoginPolicy } from 'postern/sessions';
import { EmployeeLeftError } from './acme.errors.js';
import { type Employee, Employment } from './employee.entity.js';

/** Whoever has left comes in no more; asked at login, and at each refresh of who is in. */
@Injectable()
export class StillEmployedPolicy extends LoginPolicy<Employee> {
  check(employee: Employee): void {
    if (employee.employment === Employment.Left) throw new EmployeeLeftError();
  }
}
