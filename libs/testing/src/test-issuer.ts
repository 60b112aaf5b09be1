import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { SystemClock } from 'postern/auth';
import type { AuthSettings, Clock } from 'postern/auth';
import { thumbprint } from 'postern/jws';

/** What a token of a {@link TestIssuer} says beside what every access token does. */
export interface TestTokenClaims {
  readonly subject: string;
  readonly sessionId?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly roles?: readonly string[] | undefined;
  /** 300 unless told; at -60 the token has expired for everybody, whatever clocks tolerate. */
  readonly lifetimeSeconds?: number | undefined;
  /** Whatever else it is to say; wins over the rest. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * An issuer inside the test: a service that only accepts tokens can be tested without a server that makes them, and without a
 * database. Its key is made anew each time and never leaves.
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
  /** What `AuthModule.forRoot` takes, to believe this issuer and no other. */
  readonly settings: AuthSettings & { readonly audience: string };
  /** The name of its key. */
  readonly keyId: string;

  /**
   * @param audience whom the tokens are for
   * @param issuer the `iss` of the tokens; nobody has to answer there
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

  /** An access token as RFC 9068 has it, signed with ES256. */
  token({ subject, sessionId, scopes, roles, lifetimeSeconds = 300, claims }: TestTokenClaims): string {
    const issuedAt = Math.floor(this.clock.now() / 1000);
    const payload = {
      iss: this.settings.issuer,
      aud: this.settings.audience,
      sub: subject,
      iat: issuedAt + Math.min(0, lifetimeSeconds - 1),
      exp: issuedAt + lifetimeSeconds,
      jti: randomUUID(),
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
