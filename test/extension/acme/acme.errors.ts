import { AuthError } from 'postern/problem';

/** Somebody who no longer works here asks to be let in. */
export class EmployeeLeftError extends AuthError {
  readonly code = 'employee-left';
  readonly status = 403;
  readonly title = 'You no longer work here.';
}

/** A cost centre that nobody has heard of. */
export class CostCentreUnknownError extends AuthError {
  readonly code = 'cost-centre-unknown';
  readonly status = 422;
  readonly title = 'There is no such cost centre.';
}

/** Somebody who may approve wants to be deleted. */
export class ClearanceHeldError extends AuthError {
  readonly code = 'clearance-held';
  readonly status = 403;
  readonly title = 'Hand your clearance over first.';
}
