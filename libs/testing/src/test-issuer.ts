import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { SystemClock } from 'postern/auth';
import type { AuthSettings, Clock } from 'postern/auth';
import { thumbprint } from 'postern/jws';

/** The claims of a token of a {@link TestIssuer}, in addition to the standard ones. */
export interface TestTokenClaims {
  readonly subject: string;
  readonly sessionId?: string | undefined;
  /** Default `test-client`. */
  readonly clientId?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly roles?: readonly string[] | undefined;
  /** Default 300. With -60 the token has expired, regardless of the clock tolerance. */
  readonly lifetimeSeconds?: number | undefined;
  /** Further claims; they override the others. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * An issuer inside the test: it tests a service that only accepts tokens, without an authorization server and without a
 * database. Each instance has a new private key that never leaves it.
 *
 * @example
 * ```ts
 * const issuer = new TestIssuer('orders');
 * const orders = await NestFactory.create({ module: OrdersModule, imports: [AuthModule.forRoot(issuer.settings)] });
 * await orders.listen(0);
 * const token = issuer.token({ subject: 'ada', scopes: ['orders:read'] });
 * await fetch(`${await orders.getUrl()}/orders`, { headers: { authorization: `Bearer ${token}` } });
 * ```
 */
export class TestIssuer {
  readonly #privateKey: KeyObject;
  /** Settings for `AuthModule.forRoot` that trust only this issuer. */
  readonly settings: AuthSettings & { readonly audience: string };
  /** The `kid` of its key. */
  readonly keyId: string;

  /**
   * @param audience the `aud` of the tokens
   * @param issuer the `iss` of the tokens; no server has to exist there
   */
  constructor(
    audience: string,
    issuer = 'https://issuer.test',
    private readonly clock: Clock = new SystemClock(),
  ) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#privateKey = privateKey;
    this.keyId = thumbprint(publicKey);
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: this.keyId, alg: 'ES256', use: 'sig' };
    this.settings = { issuer, audience, staticKeys: [{ jwk }] };
  }

  /** Returns an access token (RFC 9068), signed with ES256. */
  token({ subject, sessionId, clientId = 'test-client', scopes, roles, ...more }: TestTokenClaims): string {
    const { lifetimeSeconds = 300, claims } = more;
    const issuedAt = Math.floor(this.clock.now() / 1000);
    const payload = {
      iss: this.settings.issuer,
      aud: this.settings.audience,
      sub: subject,
      iat: issuedAt + Math.min(0, lifetimeSeconds - 1),
      exp: issuedAt + lifetimeSeconds,
      jti: randomUUID(),
      client_id: clientId,
      ...(sessionId && { sid: sessionId }),
      ...(scopes?.length && { scope: scopes.join(' ') }),
      ...(roles?.length && { roles }),
      ...claims,
    };
    const input = `${encoded({ typ: 'at+jwt', alg: 'ES256', kid: this.keyId })}.${encoded(payload)}`;
    const signature = sign('sha256', Buffer.from(input), { key: this.#privateKey, dsaEncoding: 'ieee-p1363' });
    return `${input}.${signature.toString('base64url')}`;
  }
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
