import { hashSystems } from 'postern/password/foreign-hashes';
import type { ForeignHash, HashSystem } from 'postern/password/foreign-hashes';
import { EntryError } from '../source-user.js';
import type { SourceEntry } from '../source-user.js';
import { addressOf, flagOf, idOf, instantOf, objectOf, textOf, textsOf } from './fields.js';
import type { JsonObject } from './fields.js';
import { ndjsonUsersOf } from './entries.js';
import type { OpenFile } from './entries.js';

const MEMBERS = new Set(
  'id email emailVerified emailVerifiedAt disabled createdAt locale roles passwordHash hashSystem fields'.split(' '),
);

/**
 * Postern's own form: one JSON object on each line, of which only `email` is required. `hashSystem` names the system
 * that made `passwordHash`, by default `standard`. `fields` are values for your own columns.
 *
 * @example
 * ```json
 * {"id":"42","email":"ada@example.com","emailVerified":true,"passwordHash":"$2y$10$…","roles":["auditor"]}
 * ```
 */
export function posternUsersOf(open: OpenFile): AsyncIterable<SourceEntry> {
  return ndjsonUsersOf(open, (entry) => {
    const unknown = Object.keys(entry).find((name) => !MEMBERS.has(name));
    // The name is not printed: it may be a value at a wrong place.
    if (unknown !== undefined) throw new EntryError(`a member is not one of ${[...MEMBERS].join(', ')}`);
    return {
      email: addressOf(entry['email']),
      sourceId: entry['id'] === undefined ? undefined : idOf(entry['id'], '"id"'),
      emailVerified:
        instantOf(entry['emailVerifiedAt'], '"emailVerifiedAt"') ?? flagOf(entry['emailVerified'], '"emailVerified"'),
      isDisabled: flagOf(entry['disabled'], '"disabled"'),
      createdAt: instantOf(entry['createdAt'], '"createdAt"'),
      locale: textOf(entry['locale'], '"locale"'),
      roles: textsOf(entry['roles'], '"roles"'),
      passwordHash: hashOf(entry),
      fields: entry['fields'] === undefined ? {} : objectOf(entry['fields'], '"fields"'),
    };
  });
}

function hashOf(entry: JsonObject): ForeignHash | undefined {
  const hash = textOf(entry['passwordHash'], '"passwordHash"');
  const system = textOf(entry['hashSystem'], '"hashSystem"') ?? 'standard';
  if (hash === undefined) return undefined;
  if (!hashSystems.includes(system as HashSystem)) {
    throw new EntryError(`"hashSystem" is not one of ${hashSystems.join(', ')}`);
  }
  return { system: system as HashSystem, hash };
}
