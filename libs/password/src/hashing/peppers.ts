import { createHmac } from 'node:crypto';

const MIN_BYTES = 32;

/** A secret that argon2 mixes into each hash, and the name of the secret in the hash. */
export interface Pepper {
  /** The parameter `keyid` of the PHC string: 8 characters of base64, which do not reveal the secret. */
  readonly keyId: string;
  readonly key: Buffer;
}

/**
 * The peppers of an application: secrets outside the database. An attacker who has stolen the database cannot guess the
 * passwords without them. The hash names its pepper, so the current one can change.
 * @see RFC 9106 §3.1, the secret value K
 */
export class Peppers {
  /** The pepper of new hashes. `undefined`: new hashes have none. */
  readonly current: Pepper | undefined;
  private readonly known: ReadonlyMap<string, Pepper>;

  /**
   * @param pepper the secret of new hashes, 32 bytes or more
   * @param previous the secrets of older hashes
   * @throws Error if a secret is too short; the message does not contain it
   */
  constructor(pepper?: string, previous: readonly string[] = []) {
    this.current = pepper === undefined ? undefined : pepperOf('`pepper`', pepper);
    const older = previous.map((secret, index) => pepperOf(`\`previousPeppers[${index}]\``, secret));
    this.known = new Map([this.current, ...older].flatMap((known) => (known ? [[known.keyId, known]] : [])));
  }

  /** The pepper that a hash names; `undefined` if it is not configured. */
  find(keyId: string): Pepper | undefined {
    return this.known.get(keyId);
  }
}

function pepperOf(name: string, secret: unknown): Pepper {
  if (typeof secret !== 'string' || Buffer.byteLength(secret) < MIN_BYTES) {
    throw new Error(`PasswordModule: ${name} must have at least ${MIN_BYTES} bytes: openssl rand -base64 48`);
  }
  const key = createHmac('sha256', secret).update('postern:password:pepper').digest();
  const keyId = createHmac('sha256', secret).update('postern:password:pepper:key-id').digest('base64').slice(0, 8);
  return { keyId, key };
}

/** Adds `keyid` to the parameters of a PHC string. */
export function withKeyId(hash: string, keyId: string): string {
  const [, algorithm, version, parameters, ...rest] = hash.split('$');
  return ['', algorithm, version, `${parameters},keyid=${keyId}`, ...rest].join('$');
}

/** Divides a PHC string into the hash without `keyid`, which argon2 libraries do not read, and the `keyid`. */
export function withoutKeyId(hash: string): { readonly hash: string; readonly keyId: string | undefined } {
  const keyId = /,keyid=([A-Za-z\d+/]{1,11})(?=[,$])/.exec(hash);
  return keyId === null ? { hash, keyId: undefined } : { hash: hash.replace(keyId[0], ''), keyId: keyId[1] };
}
