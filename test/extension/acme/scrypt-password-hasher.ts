import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PasswordHasher } from 'postern/password';

const COST = 1024;
const BYTES = 32;

interface Stored {
  readonly cost: number;
  readonly salt: Buffer;
  readonly key: Buffer;
}

/** Acme's auditors ask for scrypt: `scrypt$cost$salt$key`, base64url. */
@Injectable()
export class ScryptPasswordHasher extends PasswordHasher {
  async hash(password: string): Promise<string> {
    const salt = randomBytes(16);
    const key = await derived(password, { cost: COST, salt });
    return `scrypt$${COST}$${salt.toString('base64url')}$${key.toString('base64url')}`;
  }

  async verify(hash: string, password: string): Promise<boolean> {
    const stored = read(hash);
    const key = await derived(password, stored ?? { cost: COST, salt: randomBytes(16) });
    return stored !== undefined && timingSafeEqual(key, stored.key);
  }

  needsRehash(hash: string): boolean {
    return read(hash)?.cost !== COST;
  }
}

function derived(password: string, { cost, salt }: Pick<Stored, 'cost' | 'salt'>): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, BYTES, { N: cost }, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

function read(hash: string): Stored | undefined {
  const [, cost, salt, key] = /^scrypt\$(1024|2048)\$([\w-]{22})\$([\w-]{43})$/.exec(hash) ?? [];
  if (!cost || !salt || !key) return undefined;
  return { cost: Number(cost), salt: Buffer.from(salt, 'base64url'), key: Buffer.from(key, 'base64url') };
}
