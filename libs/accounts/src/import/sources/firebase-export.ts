import { firebaseHash } from 'postern/password/foreign-hashes';
import type { FirebaseHashConfig, ForeignHash } from 'postern/password/foreign-hashes';
import { EntryError } from '../source-user.js';
import type { SourceEntry } from '../source-user.js';
import { addressOf, flagOf, idOf, jsonObjectOf, millisecondsOf, objectOf, textOf } from './fields.js';
import type { JsonObject } from './fields.js';
import { jsonUsersOf } from './entries.js';
import type { OpenFile } from './entries.js';

/** The parameters that the console of Firebase shows as `hash_config { … }`, as JSON. @throws EntryError */
export function firebaseConfigOf(text: string): FirebaseHashConfig {
  const file = jsonObjectOf(text, 'the file of --hash-config');
  const config = objectOf(file['hash_config'] ?? file, '"hash_config"');
  const isComplete =
    ['base64_signer_key', 'base64_salt_separator'].every((name) => typeof config[name] === 'string') &&
    ['rounds', 'mem_cost'].every((name) => Number.isSafeInteger(config[name]));
  if (isComplete) return config as unknown as FirebaseHashConfig;
  throw new EntryError(
    'the file of --hash-config needs base64_signer_key, base64_salt_separator, rounds, and mem_cost, as the console shows them',
  );
}

/** The users of `firebase auth:export users.json`. Custom claims and other identities are not imported. */
export function firebaseUsersOf(open: OpenFile, config: FirebaseHashConfig | undefined): AsyncIterable<SourceEntry> {
  return jsonUsersOf(open, 'users', (entry) => {
    const claims = textOf(entry['customAttributes'], '"customAttributes"');
    if (claims !== undefined) jsonObjectOf(claims, '"customAttributes"');
    return {
      sourceId: idOf(entry['localId'], '"localId"'),
      email: addressOf(entry['email']),
      emailVerified: flagOf(entry['emailVerified'], '"emailVerified"'),
      isDisabled: flagOf(entry['disabled'], '"disabled"'),
      createdAt: millisecondsOf(entry['createdAt'], '"createdAt"'),
      passwordHash: hashOf(entry, config),
    };
  });
}

function hashOf(entry: JsonObject, config: FirebaseHashConfig | undefined): ForeignHash | undefined {
  const hash = textOf(entry['passwordHash'], '"passwordHash"');
  if (hash === undefined) return undefined;
  if (config === undefined) throw new EntryError('the hash needs the parameters of the project: write --hash-config');
  const salt = textOf(entry['salt'], '"salt"');
  if (salt === undefined) throw new EntryError('the hash has no salt');
  return { system: 'standard', hash: firebaseHash({ hash, salt, config }) };
}
