import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import { presentedTokenOf } from 'postern/auth/outgoing-calls';
import type { Principal } from 'postern/auth';

/**
 * The access token of the request or message that is being handled, on every transport. It follows the calls of the
 * handler, so a provider that injects it stays a singleton.
 *
 * @example
 * ```ts
 * current.principal?.subject; // in any provider that a handler calls
 * ```
 */
@Injectable()
export class CurrentToken {
  private readonly storage = new AsyncLocalStorage<{ readonly principal: Principal | undefined }>();

  /** The principal of the request; `undefined` outside of a request, and if the client sent no token. */
  get principal(): Principal | undefined {
    return this.storage.getStore()?.principal;
  }

  /** The token of the request. Never log it. */
  get token(): string | undefined {
    const { principal } = this;
    return principal === undefined ? undefined : presentedTokenOf(principal);
  }

  /**
   * Runs a function for a principal that `AccessTokenVerifier` has verified, for example in a consumer without a guard.
   * Calls for the user inside of the function use its token.
   */
  run<T>(principal: Principal | undefined, work: () => T): T {
    return this.storage.run({ principal }, work);
  }
}
