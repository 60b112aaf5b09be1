import { Injectable } from '@nestjs/common';
import { PasswordConfirmation, PasswordsService } from 'postern/password';
import { type IdentityProof, UsersService } from 'postern/users';
import { ClearanceHeldError } from './acme.errors.js';
import type { Employee } from './employee.entity.js';

/** Whoever may approve hands that over first, and then leaves with the password, as everybody does. */
@Injectable()
export class HandoverConfirmation extends PasswordConfirmation {
  constructor(
    passwords: PasswordsService,
    private readonly users: UsersService<Employee>,
  ) {
    super(passwords);
  }

  override async confirm(userId: string, proof: IdentityProof): Promise<void> {
    await super.confirm(userId, proof);
    const employee = await this.users.findById(userId);
    if ((employee?.clearance ?? 0) >= 3) throw new ClearanceHeldError();
  }
}
