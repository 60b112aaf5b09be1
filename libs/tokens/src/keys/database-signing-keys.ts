import type { KeyObject } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { SigningKeyTable } from './signing-key-table.js';
import { PrivateKeyEncryption } from './private-key-encryption.js';
import { privateKeyOf, publicKeyOf, publicMembersOf, thumbprint } from 'postern/jws';
import type { SigningKey } from './signing-key.entity.js';
import { SigningKeys } from './signing-keys.js';
import type { PublicSigningKey } from './signing-keys.js';

interface OpenedKey {
  readonly key: KeyObject;
  readonly privateKey?: KeyObject;
}

/** The key ring in the database. Private keys are stored encrypted and decrypted in memory only. */
@Injectable()
export class DatabaseSigningKeys extends SigningKeys {
  private readonly logger = new Logger(DatabaseSigningKeys.name);
  private opened: ReadonlyMap<string, OpenedKey> = new Map();
  private readonly unusable = new Set<string>();

  constructor(
    private readonly store: SigningKeyTable,
    private readonly vault: PrivateKeyEncryption,
  ) {
    super();
  }

  override async keys(): Promise<readonly PublicSigningKey[]> {
    const rows = await this.store.living();
    const opened = new Map<string, OpenedKey>();
    for (const row of rows) {
      const key = this.open(row);
      if (key) opened.set(row.kid, key);
    }
    // This also drops killed keys and erased private keys from memory.
    this.opened = opened;
    return rows.flatMap((row) => {
      const key = opened.get(row.kid)?.key;
      return key ? [publicPartOf(row, key)] : [];
    });
  }

  override sign(kid: string, signingInput: Buffer): Promise<Buffer> {
    return Promise.reject(new Error(`the private key ${kid} is not in this process (${signingInput.length} bytes)`));
  }

  override localKey(kid: string): KeyObject | undefined {
    return this.opened.get(kid)?.privateKey;
  }

  private open(row: SigningKey): OpenedKey | undefined {
    const isEmpty = PrivateKeyEncryption.isEmpty(row.privateEncrypted);
    const cached = this.opened.get(row.kid);
    if (cached && isEmpty === !cached.privateKey) return cached;
    try {
      const opened = openKey(row, this.vault);
      this.unusable.delete(row.kid);
      return opened;
    } catch (error) {
      // A replica with the former instance secret continues with the keys that it has already opened.
      if (cached) return cached;
      if (!this.unusable.has(row.kid)) this.logger.error(`Failed to open the signing key ${row.kid}: ${String(error)}`);
      this.unusable.add(row.kid);
      return undefined;
    }
  }
}

/**
 * Opens a row that this instance has written. A row of another writer is never published: the ciphertext, even an empty
 * one, requires the instance secret, and the `kid` binds the public key to it.
 *
 * @throws Error when the row was not written with the instance secret
 */
function openKey(row: SigningKey, vault: PrivateKeyEncryption): OpenedKey {
  if (!row.privateEncrypted || !row.secretId) throw new Error('this instance did not create it');
  const material = vault.unwrap(row.kid, { privateEncrypted: row.privateEncrypted, secretId: row.secretId });
  if (row.alg === 'HS256') {
    const secret = privateKeyOf(row.alg, material);
    return { key: secret, privateKey: secret };
  }
  const key = publicKeyOf(row.publicJwk);
  if (thumbprint(key) !== row.kid) throw new Error('its public key does not match its kid');
  return material.length === 0 ? { key } : { key, privateKey: privateKeyOf(row.alg, material) };
}

function publicPartOf(row: SigningKey, key: KeyObject): PublicSigningKey {
  return {
    kid: row.kid,
    alg: row.alg,
    key,
    ...(row.alg !== 'HS256' && { jwk: publicMembersOf(row.publicJwk) }),
    announcedAt: row.announcedAt,
    activeAt: row.activeAt,
    ...(row.retiredAt && { retiredAt: row.retiredAt }),
    ...(row.goneAt && { goneAt: row.goneAt }),
  };
}
