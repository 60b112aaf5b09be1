import { Logger } from '@nestjs/common';
import { clientAuthentication } from './client-authentication.js';
import { RenewedToken } from './renewed-token.js';
import { ServiceTokens } from './service-tokens.js';
import { TokenEndpoint } from './token-endpoint.js';
import type { Clock } from 'postern/auth';
import type { OutboundSettings } from '../outbound.module-definition.js';
import type { CalledServices } from '../services/called-services.js';
import type { AuthenticateClient } from './client-authentication.js';
import type { ObtainedToken } from './renewed-token.js';
import type { ServiceTokenRequest } from './service-tokens.js';

/** The part of its lifetime after which a token is renewed. It is random, so that replicas do not renew at once. */
const RENEWED_AT = 0.75;
const RENEWED_WITHIN = 0.1;
/** A call that is sent with the last breath of a token would arrive too late. */
const MAX_MARGIN_SECONDS = 5;
const MARGIN = 0.1;
const MAX_BACKOFF_SECONDS = 60;
/** Audiences come from settings. A mistake that creates them from requests must not fill the memory. */
const MAX_TOKENS = 1_000;

/**
 * Gets tokens by client credentials, and keeps one for each audience and set of scopes. Each is renewed before it
 * expires, by one request however many callers wait; after a failure, the lib waits longer each time.
 *
 * @see RFC 6749 §4.4
 */
export class ClientCredentialsTokens extends ServiceTokens {
  private readonly logger = new Logger('OutboundModule');
  private readonly tokens = new Map<string, RenewedToken>();
  private readonly authenticate: AuthenticateClient;
  private readonly endpoint: TokenEndpoint;

  /** @throws Error at boot if "issuer" or the credentials of the client are missing */
  constructor(
    settings: OutboundSettings,
    private readonly checked: CalledServices,
    private readonly clock: Clock,
  ) {
    super();
    const { issuer, tokenEndpoint, timeoutSeconds, allowInsecure, fetch: send } = checked;
    if (issuer === undefined) throw new Error('OutboundModule needs "issuer", or "tokenFile".');
    this.authenticate = clientAuthentication(settings, clock);
    this.endpoint = new TokenEndpoint({ issuer, tokenEndpoint, timeoutSeconds, allowInsecure, fetch: send }, clock);
  }

  override get({ audience, scopes, rejected }: ServiceTokenRequest): Promise<string> {
    const key = JSON.stringify([audience, [...scopes].sort()]);
    const existing = this.tokens.get(key);
    if (existing !== undefined) return existing.get(rejected);
    if (this.tokens.size >= MAX_TOKENS) this.tokens.clear();
    const obtain = (): Promise<ObtainedToken> => this.obtain(audience, scopes);
    const renewal = { name: `service token for ${audience}`, obtain, maximumBackoffSeconds: MAX_BACKOFF_SECONDS };
    const token = new RenewedToken(renewal, this.clock);
    this.tokens.set(key, token);
    return token.get(rejected);
  }

  private async obtain(audience: string, scopes: readonly string[]): Promise<ObtainedToken> {
    const form = new URLSearchParams({ grant_type: 'client_credentials' });
    if (scopes.length > 0) form.set('scope', scopes.join(' '));
    // RFC 8707 §2: a resource is an absolute URI. The other name is widespread.
    form.set(this.checked.audienceParameter ?? (URL.canParse(audience) ? 'resource' : 'audience'), audience);
    // Before the request: the lifetime begins before the response arrives.
    const obtainedAt = this.clock.now();
    const { text, lifetimeSeconds, scopes: granted } = await this.endpoint.request(form, this.authenticate);
    const missing = granted === undefined ? [] : scopes.filter((scope) => !granted.includes(scope));
    if (missing.length > 0) this.logger.warn(`The issuer did not grant ${missing.join(' ')} for ${audience}.`);
    const lifetime = lifetimeSeconds * 1000;
    return {
      text,
      obtainedAt,
      renewAt: obtainedAt + lifetime * (RENEWED_AT + RENEWED_WITHIN * Math.random()),
      expiresAt: obtainedAt + lifetime - Math.min(MAX_MARGIN_SECONDS * 1000, lifetime * MARGIN),
    };
  }
}
