import { ServiceTokenUnavailableError } from '../outbound.errors.js';
import { ServiceTokens } from './service-tokens.js';

/** For an application that calls services only for users, and so has no client at the issuer. */
export class NoServiceTokens extends ServiceTokens {
  /** @throws ServiceTokenUnavailableError always; its cause names the settings */
  override async get(): Promise<never> {
    const cause = new Error(
      'OutboundModule has neither "clientId" nor "tokenFile", so it calls services only for users.',
    );
    throw new ServiceTokenUnavailableError(undefined, { cause });
  }
}
