import { AccessTokens } from 'postern/tokens';
import { withStandaloneContext } from './standalone-context.js';
import type { ServerConfig } from '../config/server-config.js';
import { assertIssuerOfServer } from '../server/recorded-issuer.js';
import { IssuerModule } from './issuer.module.js';

/** A request for an access token of a service. */
export interface ServiceTokenRequest {
  readonly scopes: readonly string[];
  readonly subject: string;
  readonly lifetimeSeconds: number;
  /** Undefined: the audience of the server. */
  readonly audience: readonly string[] | undefined;
}

/**
 * Issues the token with the signing keys of the server.
 *
 * @throws Error if the server has another issuer
 */
export async function issueServiceToken(request: ServiceTokenRequest, config: ServerConfig): Promise<string> {
  const { token } = await withStandaloneContext(
    config,
    (connections) => IssuerModule.forConfig(config, connections),
    async (context) => {
      await assertIssuerOfServer(context, config.issuer);
      // RFC 9068 §2.2: if no user takes part, the subject is the client.
      return context.get(AccessTokens).issue({ ...request, clientId: request.subject });
    },
  );
  return token;
}
