import { AuthError } from 'postern/problem';

/** The token or the connection follows the feed of revocations as often as it may. */
export class TooManyFollowersError extends AuthError {
  readonly code = 'too-many-followers';
  readonly status = 429;
  readonly title = 'This token or connection follows the feed too often.';
  override headers: Record<string, string> = { 'Retry-After': '5' };
}

/** The code of each error of this lib. */
export type RevocationsErrorCode = TooManyFollowersError['code'];
