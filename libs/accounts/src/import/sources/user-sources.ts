import type { FirebaseHashConfig } from 'postern/password/foreign-hashes';
import { EntryError } from '../source-user.js';
import type { SourceEntry } from '../source-user.js';
import { auth0UsersOf } from './auth0-export.js';
import { auth0ImportUsersOf } from './auth0-import.js';
import { djangoUsersOf } from './django-dumpdata.js';
import type { OpenFile } from './entries.js';
import { firebaseUsersOf } from './firebase-export.js';
import { keycloakUsersOf } from './keycloak-realm.js';
import { posternUsersOf } from './postern-jsonl.js';
import { supabaseUsersOf } from './supabase-csv.js';

/** The exports that can be imported. */
export const userSources = ['postern', 'auth0', 'auth0-import', 'django', 'firebase', 'keycloak', 'supabase'] as const;

/** The name of an export that can be imported. */
export type UserSource = (typeof userSources)[number];

/** Further files and names of an export. */
export interface SourceOptions {
  /** Auth0: the file of hashes. */
  readonly openHashes?: OpenFile | undefined;
  /** Firebase: the parameters of the project. */
  readonly hashConfig?: FirebaseHashConfig | undefined;
  /** Django: the model of the users. */
  readonly djangoModel?: string | undefined;
}

/**
 * Reads an export entry by entry, without the file in memory.
 *
 * @example
 * ```ts
 * const users = usersOf('keycloak', () => createReadStream('realm.json'));
 * await userImport.run(users, { source: 'keycloak' });
 * ```
 */
export function usersOf(source: UserSource, open: OpenFile, options: SourceOptions = {}): AsyncIterable<SourceEntry> {
  switch (source) {
    case 'auth0':
      return auth0UsersOf(open, options.openHashes);
    case 'auth0-import':
      return auth0ImportUsersOf(open);
    case 'django':
      return djangoUsersOf(open, options.djangoModel);
    case 'firebase':
      return firebaseUsersOf(open, options.hashConfig);
    case 'keycloak':
      return keycloakUsersOf(open);
    case 'postern':
      return posternUsersOf(open);
    case 'supabase':
      return supabaseUsersOf(open);
  }
}

/** Detects the export by the beginning of its file. @throws EntryError */
export function sourceOf(head: string): UserSource {
  const text = head.replace(/^\uFEFF/, '').trimStart();
  const [first = ''] = text.split('\n', 1);
  if (text.startsWith('[') && /"model"\s*:/.test(text)) return 'django';
  if (text.startsWith('[') && /"(?:custom_)?password_hash"\s*:/.test(text)) return 'auth0-import';
  if (/^\{\s*"users"\s*:/.test(text)) return 'firebase';
  if (text.startsWith('{') && /"(?:realm|realmRoles)"\s*:/.test(text)) return 'keycloak';
  if (first.startsWith('{') && /"user_id"\s*:|"_id"\s*:\s*\{\s*"\$oid"/.test(first)) return 'auth0';
  if (first.startsWith('{') && /"email"\s*:/.test(first)) return 'postern';
  if (first.split(',').includes('encrypted_password')) return 'supabase';
  throw new EntryError(`the form of the file is unknown: write --format with one of ${userSources.join(', ')}`);
}
