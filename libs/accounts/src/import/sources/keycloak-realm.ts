import type { ForeignHash } from 'postern/password/foreign-hashes';
import { EntryError } from '../source-user.js';
import type { SourceEntry } from '../source-user.js';
import { addressOf, flagOf, idOf, millisecondsOf, objectOf, textOf, textsOf } from './fields.js';
import { jsonUsersOf } from './entries.js';
import type { OpenFile } from './entries.js';

/** Keycloak gives these roles to every user. */
const BUILT_IN_ROLE = /^(?:default-roles-.*|offline_access|uma_authorization)$/;

/**
 * The users of a realm, as `kc.sh export --users realm_file` writes them. A user who must choose a new password gets
 * none. Groups, roles of clients, other credentials, and identities of other providers are not imported.
 */
export function keycloakUsersOf(open: OpenFile): AsyncIterable<SourceEntry> {
  return jsonUsersOf(open, 'users', (entry) => ({
    sourceId: idOf(entry['id'], '"id"'),
    email: addressOf(entry['email']),
    emailVerified: flagOf(entry['emailVerified'], '"emailVerified"'),
    isDisabled: entry['enabled'] === undefined ? false : !flagOf(entry['enabled'], '"enabled"'),
    createdAt: millisecondsOf(entry['createdTimestamp'], '"createdTimestamp"'),
    locale: localeOf(entry['attributes']),
    roles: textsOf(entry['realmRoles'], '"realmRoles"').filter((role) => !BUILT_IN_ROLE.test(role)),
    passwordHash: textsOf(entry['requiredActions'], '"requiredActions"').includes('UPDATE_PASSWORD')
      ? undefined
      : hashOf(entry['credentials']),
  }));
}

function hashOf(credentials: unknown): ForeignHash | undefined {
  if (credentials === undefined || credentials === null) return undefined;
  if (!Array.isArray(credentials)) throw new EntryError('"credentials" is not a list');
  const all = credentials.map((credential) => objectOf(credential, 'a credential'));
  const password = all.find(({ type }) => type === 'password');
  if (password === undefined) return undefined;
  const { secretData, credentialData } = password;
  return { system: 'keycloak', hash: JSON.stringify({ secretData, credentialData }) };
}

function localeOf(attributes: unknown): string | undefined {
  if (attributes === undefined || attributes === null) return undefined;
  const { locale } = objectOf(attributes, '"attributes"');
  return textOf(textsOf(locale, 'the attribute "locale"')[0], 'the attribute "locale"');
}
