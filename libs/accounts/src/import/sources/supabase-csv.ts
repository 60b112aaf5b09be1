import { isUUID } from 'class-validator';
import type { ForeignHash } from 'postern/password/foreign-hashes';
import { EntryError } from '../source-user.js';
import type { SourceEntry, SourceUser } from '../source-user.js';
import { csvRecordsOf } from './csv-records.js';
import { guarded } from './entries.js';
import type { OpenFile } from './entries.js';
import { addressOf, instantOf, jsonObjectOf, textOf } from './fields.js';
import type { JsonObject } from './fields.js';
import { linesOf } from './lines.js';

const REQUIRED = ['id', 'email', 'encrypted_password', 'email_confirmed_at', 'created_at'];
const JSON_COLUMNS = ['raw_app_meta_data', 'raw_user_meta_data'];

/**
 * The rows of `COPY (SELECT * FROM auth.users) TO STDOUT (FORMAT csv, HEADER)`. A user who is banned now is disabled; a
 * deleted user is left out.
 */
export async function* supabaseUsersOf(open: OpenFile): AsyncGenerator<SourceEntry> {
  let names: readonly (string | null)[] | undefined;
  for await (const { line, fields, reason } of csvRecordsOf(linesOf(open()))) {
    if (fields === undefined) {
      yield { line, reason: reason! };
    } else if (names === undefined) {
      names = fields;
      const missing = REQUIRED.find((name) => !fields.includes(name));
      if (missing === undefined) continue;
      yield { line, reason: `the header has no column "${missing}"` };
      return;
    } else {
      const header = names;
      yield* guarded(line, () => userOf(line, fields, header));
    }
  }
}

function userOf(line: number, fields: readonly (string | null)[], names: readonly (string | null)[]): SourceUser {
  if (fields.length === 1 && fields[0] === null) throw new EntryError('the line is empty', true);
  if (fields.length !== names.length) {
    throw new EntryError(`the row has ${fields.length} columns, the header has ${names.length}`);
  }
  const entry: JsonObject = Object.fromEntries(fields.map((field, index) => [names[index] ?? '', field]));
  if (!isUUID(entry['id'])) throw new EntryError('"id" is not a UUID');
  for (const name of JSON_COLUMNS) {
    const text = textOf(entry[name], `"${name}"`);
    if (text !== undefined) jsonObjectOf(text, `"${name}"`);
  }
  if (instantOf(entry['deleted_at'], '"deleted_at"') !== undefined) throw new EntryError('the user is deleted', true);
  const bannedUntil = instantOf(entry['banned_until'], '"banned_until"');
  const hash = textOf(entry['encrypted_password'], '"encrypted_password"');
  return {
    line,
    entry,
    sourceId: String(entry['id']).toLowerCase(),
    email: addressOf(entry['email']),
    emailVerified: instantOf(entry['email_confirmed_at'], '"email_confirmed_at"') ?? false,
    isDisabled: bannedUntil !== undefined && bannedUntil.getTime() > Date.now(),
    createdAt: instantOf(entry['created_at'], '"created_at"'),
    passwordHash: hash === undefined ? undefined : ({ system: 'standard', hash } satisfies ForeignHash),
  };
}
