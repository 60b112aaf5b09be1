import { readFile } from 'node:fs/promises';
import { readEncodedJsonObject } from 'postern/jws';
import { ServiceTokenUnavailableError } from '../outbound.errors.js';
import { RenewedToken } from './renewed-token.js';
import { ServiceTokens } from './service-tokens.js';
import { isBearerToken } from './token-endpoint.js';
import { TokenRequestFailedError } from './token-request-failed.error.js';
import type { Clock } from 'postern/auth';
import type { ObtainedToken } from './renewed-token.js';
import type { ServiceTokenRequest } from './service-tokens.js';

const READ_EVERY_SECONDS = 1;
const MAX_DEPTH = 8;

/**
 * Gives the token of a file, such as one of `npm run token` or of a projected volume of Kubernetes. A new content is
 * used within a second: the file is read again, because notifications of a file system miss replaced links.
 */
export class FileTokens extends ServiceTokens {
  private readonly token: RenewedToken;
  private audiences: readonly string[] | undefined;

  constructor(
    private readonly path: string,
    private readonly clock: Clock,
  ) {
    super();
    const renewal = {
      name: `service token in ${path}`,
      obtain: () => this.read(),
      isAwaited: true,
      maximumBackoffSeconds: READ_EVERY_SECONDS,
    };
    this.token = new RenewedToken(renewal, clock);
  }

  override async get({ audience, rejected }: ServiceTokenRequest): Promise<string> {
    const text = await this.token.get(rejected);
    if (this.audiences !== undefined && !this.audiences.includes(audience)) {
      const cause = new Error(
        `The token in ${this.path} is for ${this.audiences.join(', ')}, and not for ${audience}.`,
      );
      throw new ServiceTokenUnavailableError(undefined, { cause });
    }
    return text;
  }

  private async read(): Promise<ObtainedToken> {
    const text = (await readFile(this.path, 'utf8')).trim();
    if (!isBearerToken(text)) throw new TokenRequestFailedError('the file has no token');
    // An opaque token has no claims that this service can read. The called service verifies either kind.
    const claims = readEncodedJsonObject(text.split('.')[1] ?? '', MAX_DEPTH);
    const { exp, aud } = claims ?? {};
    const now = this.clock.now();
    const expiresAt = typeof exp === 'number' ? exp * 1000 : Number.POSITIVE_INFINITY;
    if (now >= expiresAt) throw new TokenRequestFailedError('the token in the file has expired');
    this.audiences = aud === undefined ? undefined : [aud].flat().map(String);
    return { text, obtainedAt: now, renewAt: now + READ_EVERY_SECONDS * 1000, expiresAt };
  }
}
