/** Compiled, never run: the names of permissions are types. */
import { RequireAnyPermission, RequirePermissions, UsePolicy } from 'postern/auth';
import { ExpenseOwnerPolicy } from '../fixtures/acme/rights/expense-owner.policy.js';

export class PermissionTypes {
  @RequirePermissions('expenses:audit', 'users:read')
  defined(): void {}

  // @ts-expect-error a misspelt permission
  @RequirePermissions('expenses:audt')
  misspelt(): void {}

  // @ts-expect-error a scope is not a permission
  @RequireAnyPermission('expenses:audit', 'email')
  noPermission(): void {}

  @UsePolicy(ExpenseOwnerPolicy)
  policy(): void {}

  // @ts-expect-error the class is not a policy
  @UsePolicy(PermissionTypes)
  noPolicy(): void {}
}
