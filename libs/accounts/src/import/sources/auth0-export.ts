import { storedFormOf } from 'postern/password/foreign-hashes';
import type { ForeignHash } from 'postern/password/foreign-hashes';
import { EntryError } from '../source-user.js';
import type { SourceEntry } from '../source-user.js';
import { guarded, ndjsonUsersOf } from './entries.js';
import type { OpenFile } from './entries.js';
import { addressOf, flagOf, idOf, instantOf, jsonObjectOf, objectOf, textOf } from './fields.js';
import type { JsonObject } from './fields.js';
import { linesOf } from './lines.js';

const DATABASE_CONNECTION = 'auth0|';

/**
 * The users of a job `users-exports` (NDJSON), with the hashes that Auth0's support delivers in a second file. Each
 * line of the hashes has the address as well, so the hashes can also be imported alone.
 *
 * @param openHashes opens the file of hashes; about 150 bytes of memory for each of its lines
 */
export async function* auth0UsersOf(open: OpenFile, openHashes?: OpenFile): AsyncGenerator<SourceEntry> {
  const hashes = new Map<string, { readonly line: number; readonly hash: string }>();
  if (openHashes !== undefined) yield* readHashes(openHashes, hashes);
  yield* ndjsonUsersOf(open, (entry) => {
    if (entry['user_id'] === undefined) return hashedUserOf(entry);
    const sourceId = idOf(entry['user_id'], '"user_id"');
    const found = hashes.get(sourceId);
    hashes.delete(sourceId);
    return {
      sourceId,
      email: addressOf(entry['email']),
      emailVerified: flagOf(entry['email_verified'], '"email_verified"'),
      isDisabled: flagOf(entry['blocked'], '"blocked"'),
      createdAt: instantOf(entry['created_at'], '"created_at"'),
      locale: textOf(entry['locale'], '"locale"'),
      passwordHash: found && { system: 'standard', hash: found.hash },
    };
  });
  for (const { line } of hashes.values()) {
    yield { line, reason: 'no user of the export has this hash', file: 'hashes' };
  }
}

async function* readHashes(
  open: OpenFile,
  hashes: Map<string, { readonly line: number; readonly hash: string }>,
): AsyncGenerator<SourceEntry> {
  for await (const { line, text, reason } of linesOf(open())) {
    for (const problem of guarded(line, () => {
      if (text === undefined) throw new EntryError(reason!);
      if (text.trim() === '') throw new EntryError('the line is empty', true);
      const { sourceId, passwordHash } = hashedUserOf(jsonObjectOf(text, 'the entry'));
      storedFormOf(passwordHash);
      if (hashes.has(sourceId)) throw new EntryError('the id occurs twice');
      hashes.set(sourceId, { line, hash: passwordHash.hash });
      return undefined;
    })) {
      if ('reason' in problem) yield { ...problem, file: 'hashes' };
    }
  }
}

/** A line of the hashes: `_id.$oid` is the second part of `user_id`. */
function hashedUserOf(entry: JsonObject) {
  const { $oid } = objectOf(entry['_id'], '"_id"');
  const hash = textOf(entry['passwordHash'], '"passwordHash"');
  const email = addressOf(entry['email']);
  if (hash === undefined) throw new EntryError('the line has no "passwordHash"');
  return {
    sourceId: DATABASE_CONNECTION + idOf($oid, '"_id.$oid"'),
    email,
    emailVerified: flagOf(entry['email_verified'], '"email_verified"'),
    passwordHash: { system: 'standard', hash } satisfies ForeignHash,
  };
}
