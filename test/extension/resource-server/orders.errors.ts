import { AuthError } from 'postern/problem';

/** An error of the service's own, in the form of all the others. */
export class OrderUnknownError extends AuthError {
  readonly code = 'order-unknown';
  readonly status = 404;
  readonly title = 'There is no such order.';
}
