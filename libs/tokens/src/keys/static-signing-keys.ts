import type { KeyObject } from 'node:crypto';
import { createSignature } from 'postern/jws';
import { importSigningKey } from '../import-signing-key.js';
import type { ImportedSigningKey } from '../import-signing-key.js';
import { SigningKeys } from './signing-keys.js';
import type { PublicSigningKey } from './signing-keys.js';
import type { StaticSigningKeySettings } from '../tokens.settings.js';

/** Signs with the keys of the setting `staticKeys`. */
export class StaticSigningKeys extends SigningKeys {
  private readonly imported: readonly ImportedSigningKey[];

  /** @throws Error that names the key and its defect */
  constructor(settings: readonly StaticSigningKeySettings[]) {
    super();
    const keys = settings.map(importSigningKey);
    if (new Set(keys.map(({ kid }) => kid)).size !== keys.length) {
      throw new Error('TokensModule: two of staticKeys have the same kid; configure different ones, or omit kid');
    }
    const used = new Set<string>();
    this.imported = keys.map((key) => {
      const signs = key.privateKey !== undefined && !used.has(key.alg);
      if (signs) used.add(key.alg);
      return signs ? key : { ...key, retiredAt: new Date(0) };
    });
  }

  override keys(): Promise<readonly PublicSigningKey[]> {
    return Promise.resolve(this.imported.map(({ privateKey: _secret, ...key }) => key));
  }

  override sign(kid: string, signingInput: Buffer): Promise<Buffer> {
    const key = this.imported.find((entry) => entry.kid === kid);
    if (!key?.privateKey) return Promise.reject(new Error(`there is no private key ${kid}`));
    return Promise.resolve(createSignature(key.alg, key.privateKey, signingInput));
  }

  override localKey(kid: string): KeyObject | undefined {
    return this.imported.find((entry) => entry.kid === kid)?.privateKey;
  }
}
