import { importKey } from 'postern/jws';
import { VerificationKeys } from './verification-keys.js';
import type { ImportedKey, KeyMaterial, VerificationKey } from 'postern/jws';

/** The keys in the settings, by issuer. A token without a `kid` is verified only if its issuer has exactly one key. */
export class StaticVerificationKeys extends VerificationKeys {
  private readonly keys = new Map<string, ReadonlyMap<string, VerificationKey>>();

  /** @throws Error that names the defect of a key, or the conflict between keys */
  constructor(materials: ReadonlyMap<string, readonly KeyMaterial[]>) {
    super();
    for (const [issuer, list] of materials) this.keys.set(issuer, keysByName(issuer, list));
  }

  override find(issuer: string, kid: string | undefined): VerificationKey | undefined {
    const keys = this.keys.get(issuer);
    if (keys === undefined) return undefined;
    if (kid !== undefined) return keys.get(kid);
    return keys.size === 1 ? keys.values().next().value : undefined;
  }

  override isLive(issuer: string, kid: string): boolean {
    return this.keys.get(issuer)?.has(kid) === true;
  }
}

/**
 * Imports the keys of one issuer.
 *
 * @throws Error that names the issuer, the key, and the defect
 */
export function importedKeys(issuer: string, materials: readonly KeyMaterial[]): ImportedKey[] {
  if (!Array.isArray(materials) || materials.length === 0)
    throw new Error(`AuthModule: "staticKeys" for ${issuer} is empty. Write a key, or remove the setting.`);
  return (materials as readonly KeyMaterial[]).map((material, position) => {
    try {
      return importKey(material);
    } catch (error) {
      const defect = (error as Error).message.replace(/^Key: /, '');
      throw new Error(`AuthModule: "staticKeys[${position}]" for ${issuer}: ${defect}`, { cause: error });
    }
  });
}

function keysByName(issuer: string, materials: readonly KeyMaterial[]): ReadonlyMap<string, VerificationKey> {
  const keys = importedKeys(issuer, materials);
  // RFC 8725 §3.1: a secret, which every verifier knows, must not be accepted beside keys that only the issuer has.
  if (new Set(keys.map(({ key }) => key.type)).size > 1) {
    throw new Error(`AuthModule: "staticKeys" for ${issuer} mixes a secret with public keys. Write only one kind.`);
  }
  const byName = new Map(keys.map(({ kid, alg, key }) => [kid, { kid, alg, key }]));
  if (byName.size !== keys.length) {
    throw new Error(
      `AuthModule: two of the "staticKeys" for ${issuer} have the same "kid". Give each key its own "kid".`,
    );
  }
  return byName;
}
