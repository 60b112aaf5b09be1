import { Injectable } from '@nestjs/common';
import { CurrentToken } from '../callers/current-token.js';
import { UserTokens } from '../callers/user-tokens.js';
import { CallerTokenMissingError } from '../outbound.errors.js';
import { ServiceTokens } from '../tokens/service-tokens.js';
import { CalledServices } from './called-services.js';
import type { CalledService, CallIdentity } from './called-service.js';

/** The credentials of one call. */
export interface CallCredentials {
  readonly as: CallIdentity;
  /**
   * Returns `Bearer`, a space, and the token.
   *
   * @param rejected the token that the service has rejected; a call for the user has no other one
   * @throws ServiceTokenUnavailableError, CallerTokenMissingError, CallerTokenAudienceError
   */
  authorization(rejected?: string): Promise<string>;
}

/**
 * Gives the credentials for a call to a service of the settings. `ServiceFetch`, `HttpTokens`, and `ServiceClients` use
 * it; call it for a transport of your own.
 *
 * @example
 * ```ts
 * const authorization = await credentials.for('billing').authorization();
 * await queue.send({ body, attributes: { authorization } });
 * ```
 */
@Injectable()
export class ServiceCredentials {
  constructor(
    private readonly services: CalledServices,
    private readonly serviceTokens: ServiceTokens,
    private readonly userTokens: UserTokens,
    private readonly current: CurrentToken,
  ) {}

  /**
   * The user of a call is the one of the request in which this method is called.
   *
   * @param as default: `as` of the service
   * @throws Error if the settings have no such service
   */
  for(name: string, as?: CallIdentity): CallCredentials {
    return this.of(this.services.named(name), as);
  }

  /** The credentials for the service on the origin of the URL; `undefined` if it is not in the settings. */
  at(url: URL, as?: CallIdentity): CallCredentials | undefined {
    const service = this.services.at(url);
    return service && this.of(service, as);
  }

  private of({ audience, scopes, ...service }: CalledService, as = service.as): CallCredentials {
    if (as === 'service') {
      const authorization = async (rejected?: string): Promise<string> =>
        `Bearer ${await this.serviceTokens.get({ audience, scopes, rejected })}`;
      return { as, authorization };
    }
    // Now, because an observable may send the call when the request has ended.
    const { principal, token } = this.current;
    const authorization = async (): Promise<string> => {
      if (principal === undefined || token === undefined) throw new CallerTokenMissingError();
      return `Bearer ${await this.userTokens.get({ principal, token, audience, scopes })}`;
    };
    return { as, authorization };
  }
}
