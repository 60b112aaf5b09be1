import { aspnetIdentity } from './systems/aspnet-identity.js';
import { betterAuth, luciaLegacy, oslo } from './systems/better-auth.js';
import { django } from './systems/django.js';
import { keycloak } from './systems/keycloak.js';
import { kratos } from './systems/kratos.js';
import { ldap } from './systems/ldap.js';
import { passlib } from './systems/passlib.js';
import { php } from './systems/php.js';
import { spring } from './systems/spring.js';
import { standard } from './systems/standard.js';
import { werkzeug } from './systems/werkzeug.js';
import { drupal, wordpress } from './systems/wordpress.js';
import { assertReadable, UnsupportedHashError } from './foreign-hash.js';
import type { ForeignVerifier, HashReader } from './foreign-hash.js';

/**
 * The systems whose hashes can be imported. Some write the same text for different algorithms, such as `md5$salt$…` of
 * Django and of Werkzeug, so the name of the system belongs to the hash.
 */
const SYSTEMS = {
  standard,
  'aspnet-identity': aspnetIdentity,
  'better-auth': betterAuth,
  django,
  drupal,
  keycloak,
  kratos,
  ldap,
  'lucia-legacy': luciaLegacy,
  oslo,
  passlib,
  php,
  spring,
  werkzeug,
  wordpress,
} as const satisfies Readonly<Record<string, HashReader>>;

/** A system whose hashes can be imported; `standard` for hashes that state their form, such as bcrypt and argon2. */
export type HashSystem = keyof typeof SYSTEMS;

/** The names of all systems. */
export const hashSystems = Object.keys(SYSTEMS) as readonly HashSystem[];

/** A hash of another system. */
export interface ForeignHash {
  readonly system: HashSystem;
  /** The text as the system stores it; for Keycloak, the JSON of the credential. */
  readonly hash: string;
}

const PREFIX = 'foreign:';
const MAX_LENGTH = 4096;

/** Whether a stored hash comes from another system. */
export function isForeignHash(stored: string): boolean {
  return stored.startsWith(PREFIX);
}

/**
 * The form in which a credential stores a hash of another system: its text, after the name of the system.
 *
 * @throws UnsupportedHashError with a reason that has no part of the hash
 */
export function storedFormOf({ system, hash }: ForeignHash): string {
  assertReadable(Object.hasOwn(SYSTEMS, system), 'the system of the hash is unknown');
  assertReadable(typeof hash === 'string' && hash !== '', 'the hash is empty');
  assertReadable(hash.length <= MAX_LENGTH, 'the hash is too long');
  SYSTEMS[system](hash);
  return `${PREFIX}${system}:${hash}`;
}

/** Reads a stored hash; `undefined` if it is unreadable. */
export function readForeignHash(stored: string): ForeignVerifier | undefined {
  const end = stored.indexOf(':', PREFIX.length);
  const system = stored.slice(PREFIX.length, end);
  if (!Object.hasOwn(SYSTEMS, system)) return undefined;
  try {
    return SYSTEMS[system as HashSystem](stored.slice(end + 1));
  } catch (error) {
    if (error instanceof UnsupportedHashError) return undefined;
    throw error;
  }
}
