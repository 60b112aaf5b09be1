import { Injectable } from '@nestjs/common';
import { CallerTokenAudienceError } from '../outbound.errors.js';
import type { Principal } from 'postern/auth';

/** A call for a user. */
export interface UserTokenRequest {
  /** The verified principal of the request that is being handled. */
  readonly principal: Principal;
  /** The access token of that request. */
  readonly token: string;
  /** The `aud` that the called service accepts. */
  readonly audience: string;
  /** The scopes of the called service in the settings. */
  readonly scopes: readonly string[];
}

/**
 * Gives the access token for a call for the user. The lib calls it for every such call, before it sends anything.
 *
 * Extend it to exchange the token (RFC 8693): the result then names the user as `sub`, and this application as `act`.
 *
 * @example
 * ```ts
 * \@Injectable()
 * export class ExchangedTokens extends UserTokens {
 *   override async get({ token, audience }: UserTokenRequest) { return this.exchange(token, audience); }
 * }
 * // OutboundModule.forRoot({ services, …, userTokens: ExchangedTokens })
 * ```
 */
export abstract class UserTokens {
  /**
   * Returns the token alone, without `Bearer`.
   *
   * @throws AuthError if the call must not be sent for this user
   */
  abstract get(request: UserTokenRequest): string | Promise<string>;
}

/**
 * Forwards the token of the request, if it is for the called service.
 *
 * @throws CallerTokenAudienceError if the `aud` of the token does not contain the audience
 */
@Injectable()
export class ForwardedTokens extends UserTokens {
  override get({ principal, token, audience }: UserTokenRequest): string {
    // A service that gets a token for another audience could use it there (RFC 9700 §4.9.1).
    if (!principal.audience.includes(audience)) throw new CallerTokenAudienceError(audience);
    return token;
  }
}
