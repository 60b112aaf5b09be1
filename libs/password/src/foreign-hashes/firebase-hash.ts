import { assertReadable } from './foreign-hash.js';

/** The password hash parameters of a Firebase project, as its console shows them. */
export interface FirebaseHashConfig {
  readonly algorithm?: string;
  readonly base64_signer_key: string;
  readonly base64_salt_separator: string;
  /** The block size r. */
  readonly rounds: number;
  /** log2 N. */
  readonly mem_cost: number;
}

interface FirebaseUser {
  /** `passwordHash` of the export. */
  readonly hash: string;
  readonly salt: string;
  readonly config: FirebaseHashConfig;
}

/**
 * The hash of a Firebase user with the parameters of its project, as Supabase writes it: a hash of the system
 * `standard`. It reads base64 and base64url.
 *
 * @throws UnsupportedHashError
 */
export function firebaseHash({ hash, salt, config }: FirebaseUser): string {
  assertReadable(typeof hash === 'string' && hash !== '', 'the user has no passwordHash');
  assertReadable(typeof salt === 'string' && salt !== '', 'the user has no salt');
  const {
    algorithm = 'SCRYPT',
    base64_salt_separator: separator,
    base64_signer_key: key,
    rounds,
    mem_cost: n,
  } = config;
  assertReadable(algorithm === 'SCRYPT', 'the algorithm of the Firebase project is not SCRYPT');
  return `$fbscrypt$v=1,n=${n},r=${rounds},p=1,ss=${standardOf(separator)},sk=${standardOf(key)}$${standardOf(salt)}$${standardOf(hash)}`;
}

const standardOf = (text: string): string => text.replaceAll('-', '+').replaceAll('_', '/');
