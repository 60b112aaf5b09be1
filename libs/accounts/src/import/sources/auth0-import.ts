import { UnsupportedHashError } from 'postern/password/foreign-hashes';
import type { ForeignHash } from 'postern/password/foreign-hashes';
import type { SourceEntry } from '../source-user.js';
import { addressOf, flagOf, idOf, objectOf, textOf } from './fields.js';
import { jsonUsersOf } from './entries.js';
import type { OpenFile } from './entries.js';

/** Algorithms whose value states its form. */
const SELF_DESCRIBING = new Set(['bcrypt', 'argon2', 'pbkdf2', 'ldap']);
const DIGESTS = new Set(['md5', 'sha1', 'sha256', 'sha512']);
const ENCODINGS: Readonly<Record<string, BufferEncoding>> = { utf8: 'utf8', hex: 'hex', base64: 'base64' };

/** The users of a file for Auth0's bulk import, with `password_hash` or `custom_password_hash`. */
export function auth0ImportUsersOf(open: OpenFile): AsyncIterable<SourceEntry> {
  return jsonUsersOf(open, '', (entry) => ({
    // The import adds the name of the connection.
    sourceId: entry['user_id'] === undefined ? undefined : `auth0|${idOf(entry['user_id'], '"user_id"')}`,
    email: addressOf(entry['email']),
    emailVerified: flagOf(entry['email_verified'], '"email_verified"'),
    isDisabled: flagOf(entry['blocked'], '"blocked"'),
    passwordHash: hashOf(entry['password_hash'], entry['custom_password_hash']),
  }));
}

function hashOf(bcrypt: unknown, custom: unknown): ForeignHash | undefined {
  const plain = textOf(bcrypt, '"password_hash"');
  if (plain !== undefined) return { system: 'standard', hash: plain };
  if (custom === undefined || custom === null) return undefined;
  const { algorithm, hash, salt } = objectOf(custom, '"custom_password_hash"');
  const name = textOf(algorithm, '"algorithm"') ?? '?';
  const { value, encoding } = objectOf(hash, '"hash"');
  const text = textOf(value, 'the value of "hash"') ?? '';
  if (SELF_DESCRIBING.has(name)) return { system: 'standard', hash: text };
  if (!DIGESTS.has(name)) {
    throw new UnsupportedHashError(`the algorithm "${/^\w{1,24}$/.exec(name)?.[0] ?? '?'}" of Auth0 is not supported`);
  }
  return { system: 'kratos', hash: digestOf(name, bytesOf(text, encoding, 'hex'), salt) };
}

/** The digest in the form of Kratos, which states the place of the salt. */
function digestOf(digest: string, expected: Buffer, salt: unknown): string {
  const parts = [digest, `pf=${base64('{PASSWORD}')}`, '', expected.toString('base64')];
  if (salt !== undefined && salt !== null) {
    const { value, encoding, position = 'prefix' } = objectOf(salt, '"salt"');
    parts[1] = `pf=${base64(position === 'suffix' ? '{PASSWORD}{SALT}' : '{SALT}{PASSWORD}')}`;
    parts[2] = bytesOf(textOf(value, 'the value of "salt"') ?? '', encoding, 'utf8').toString('base64');
  }
  return `$${parts.join('$')}`;
}

function bytesOf(text: string, encoding: unknown, usual: BufferEncoding): Buffer {
  return Buffer.from(text, typeof encoding === 'string' ? (ENCODINGS[encoding] ?? usual) : usual);
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
