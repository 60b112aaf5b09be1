import { createHash } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { Events, OutageLog } from 'postern/persistence';
import { CheckedPasswordSettings } from '../checked-password-settings.js';
import { BreachLookupFailed } from '../password.events.js';
import { PasswordPolicy } from './password-policy.js';
import type { PasswordViolation } from './password-policy.js';

/** The characters of the SHA-1 (hex) that the service receives. */
const PREFIX_LENGTH = 5;

/** A padded answer has up to 1,000 lines, and the longest answer less than 100 kB. */
const MAX_BYTES = 1_000_000;

/**
 * Rejects passwords that are known from breaches, by the range search of Have I Been Pwned or a mirror of it. The
 * service receives five characters of the SHA-1, never the password. While the service is away, the policy accepts the
 * password and publishes `BreachLookupFailed`. Without `breach.url`, it accepts every password.
 * @see NIST SP 800-63B-4 §3.1.1.2
 * @see https://haveibeenpwned.com/API/v3#SearchingPwnedPasswordsByRange
 */
@Injectable()
export class BreachedPasswordPolicy extends PasswordPolicy {
  private readonly outage = new OutageLog(
    new Logger(BreachedPasswordPolicy.name),
    'The look-up of breached passwords failed, so new passwords are accepted without it',
    'The look-up of breached passwords works again.',
  );

  constructor(
    private readonly settings: CheckedPasswordSettings,
    private readonly events: Events,
  ) {
    super();
  }

  async check(password: string): Promise<readonly PasswordViolation[]> {
    const { url } = this.settings.breach;
    if (url === undefined) return [];
    const sha1 = createHash('sha1').update(password).digest('hex').toUpperCase();
    try {
      const found = listed(await this.range(url, sha1.slice(0, PREFIX_LENGTH)), sha1.slice(PREFIX_LENGTH));
      this.outage.recordSuccess();
      if (!found) return [];
    } catch (error) {
      this.outage.recordFailure(reasonOf(error));
      this.events.publish(new BreachLookupFailed(reasonOf(error)));
      return [];
    }
    return [
      {
        code: 'password-breached',
        detail: 'This password is known from a breach of another service. Choose another one, also where you use it.',
      },
    ];
  }

  private async range(url: string, prefix: string): Promise<string> {
    const response = await fetch(`${url.replace(/\/$/, '')}/${prefix}`, {
      // With padding, the size of the encrypted answer does not reveal the range.
      headers: { 'Add-Padding': 'true', 'User-Agent': 'postern' },
      redirect: 'error',
      signal: AbortSignal.timeout(this.settings.breach.timeoutSeconds * 1000),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`status ${response.status}`);
    }
    return bounded(response);
  }
}

/** Each line is the rest of a SHA-1 and a count; the count of padding is 0. */
function listed(lines: string, rest: string): boolean {
  return lines.split('\n').some((line) => {
    const [suffix, count] = line.trim().split(':');
    return suffix?.toUpperCase() === rest && Number(count) > 0;
  });
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
  }
  return Buffer.concat(chunks).toString();
}

/** The reason without the URL, which has characters of the hash. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: unknown }; message?: unknown };
  return typeof cause?.code === 'string' ? cause.code : String(message);
}
