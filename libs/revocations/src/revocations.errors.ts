import { AuthError } from 'postern/problem';

/** The token or the connection has reached its maximum number of followers. */
export class TooManyFollowersError extends AuthError {
  readonly code = 'too-many-followers';
  readonly status = 429;
  readonly title = 'This token or connection has too many followers of the feed.';
  override headers: Record<string, string> = { 'Retry-After': '5' };
}

/** The code of each error of this lib. */
export type RevocationsErrorCode = TooManyFollowersError['code'];
