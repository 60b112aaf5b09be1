import { AccessTokens } from 'postern/tokens';
import { withStandaloneContext } from './standalone-context.js';
import type { ServerConfig } from '../config/server-config.js';
import { IssuerModule } from './issuer.module.js';

/** An access token that a service is to have. */
export interface ServiceTokenRequest {
  readonly scopes: readonly string[];
  readonly subject: string;
  readonly lifetimeSeconds: number;
  /** Undefined: the server's own. */
  readonly audience: readonly string[] | undefined;
}

/** The token, signed by the keys of the server that an environment describes. */
export async function issueServiceToken(request: ServiceTokenRequest, config: ServerConfig): Promise<string> {
  const { token } = await withStandaloneContext(
    config,
    (connections) => IssuerModule.forConfig(config, connections),
    (context) => context.get(AccessTokens).issue(request),
  );
  return token;
}
