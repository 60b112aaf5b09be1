import { Injectable } from '@nestjs/common';
import { ClaimsProvider, type SessionClaims } from 'postern/sessions';
import { claimsOf } from 'postern/users';
import { CostCentres } from './cost-centres.js';
import type { Employee } from './employee.entity.js';

/** What Acme's services have to know without asking: the cost centre, its name, and what the clearance allows. */
@Injectable()
export class EmployeeClaims extends ClaimsProvider<Employee> {
  constructor(private readonly costCentres: CostCentres) {
    super();
  }

  claims(employee: Employee): SessionClaims {
    const clearance = employee.clearance ?? 0;
    return {
      ...claimsOf(employee),
      department: this.costCentres.nameOf(employee.costCentre),
      roles: clearance >= 5 ? ['employee', 'manager'] : ['employee'],
      scopes: [
        'expenses:read',
        ...(clearance >= 3 ? ['expenses:approve'] : []),
        ...(clearance >= 5 ? ['users:read', 'users:write'] : []),
      ],
    };
  }
}
