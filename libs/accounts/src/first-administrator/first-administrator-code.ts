import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database } from 'postern/persistence';
import { InstanceSecret } from 'postern/tokens';
import { FirstAdministratorCodeInvalidError } from '../accounts.errors.js';

/** The row of the table `instance`. */
const NAME = 'first-administrator';
const PURPOSE = 'first-administrator';
const MAX_FAILURES = 10;
const NONCE_BYTES = 32;
const CODE_BYTES = 15;
const GROUP = /.{4}(?=.)/g;
/** The Base32 alphabet of Crockford without the letters I, L, O and U, which a reader could confuse. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

interface State {
  /** Base64url. */
  readonly nonce: string;
  readonly failures: number;
}

/**
 * The one-time code for the first administrator. The database has a random nonce, and the code is a MAC of the nonce
 * under the instance secret. Each replica and each restart derives the same code, and a copy of the database does not
 * reveal it.
 */
@Injectable()
export class FirstAdministratorCode {
  constructor(
    private readonly database: Database,
    private readonly secret: InstanceSecret,
  ) {}

  /** Returns the current code. It creates one if there is none, or if too many wrong codes invalidated the last one. */
  async current(): Promise<string> {
    const nonce = randomBytes(NONCE_BYTES).toString('base64url');
    // The first of several replicas inserts the row. The others wait for its commit and read it.
    const [row] = await this.database.manager.query<{ value: string }[]>(
      `INSERT INTO instance (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value =
         CASE WHEN (instance.value::jsonb ->> 'failures')::int < $3 THEN instance.value ELSE excluded.value END
       RETURNING value`,
      [NAME, JSON.stringify({ nonce, failures: 0 } satisfies State), MAX_FAILURES],
    );
    const state = JSON.parse(row!.value) as State;
    return writtenOf(this.derive(state.nonce)[0]!);
  }

  /**
   * Verifies a code. A wrong code counts, and after ten wrong codes no code is valid until the next start. Parallel
   * calls are counted one after the other.
   *
   * @throws FirstAdministratorCodeInvalidError
   */
  async verify(code: string): Promise<void> {
    const isValid = await this.database.independently(async () => {
      const { manager } = this.database;
      const [row] = await manager.query<{ value: string }[]>('SELECT value FROM instance WHERE name = $1 FOR UPDATE', [
        NAME,
      ]);
      const state = row ? (JSON.parse(row.value) as State) : { nonce: '', failures: MAX_FAILURES };
      const isRight = this.isCode(code, state.nonce) && state.failures < MAX_FAILURES;
      const failures = Math.min(state.failures + (isRight ? 0 : 1), MAX_FAILURES);
      await manager.query('UPDATE instance SET value = $2 WHERE name = $1', [
        NAME,
        JSON.stringify({ ...state, failures } satisfies State),
      ]);
      return isRight;
    });
    if (!isValid) throw new FirstAdministratorCodeInvalidError();
  }

  /** Spends the code in the current transaction. */
  async spend(): Promise<void> {
    await this.database.manager.query('DELETE FROM instance WHERE name = $1', [NAME]);
  }

  private isCode(code: string, nonce: string): boolean {
    const key = this.secret.derive(`${PURPOSE}-comparison`);
    const digestOf = (text: string) => createHmac('sha256', key).update(text).digest();
    const presented = digestOf(code.toUpperCase().replaceAll(/[-\s]/g, ''));
    const matches = this.derive(nonce).map((expected) => timingSafeEqual(presented, digestOf(expected)));
    return matches.includes(true);
  }

  /** The code under the current secret first, then those under the previous secrets. */
  private derive(nonce: string): string[] {
    return this.secret
      .deriveAll(PURPOSE)
      .map((key) => base32Of(createHmac('sha256', key).update(nonce).digest().subarray(0, CODE_BYTES)));
  }
}

function base32Of(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return bits.replaceAll(/.{5}/g, (group) => ALPHABET[Number.parseInt(group, 2)]!);
}

/** In groups of four characters, which are easier to copy by hand. */
function writtenOf(code: string): string {
  return code.replaceAll(GROUP, '$&-');
}
