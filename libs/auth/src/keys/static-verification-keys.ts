import { importKey, importVerificationKeys } from 'postern/jws';
import { KeySet } from './key-set.js';
import { VerificationKeys } from './verification-keys.js';
import type { ImportedKey, JwtAlgorithm, KeyMaterial, VerificationKey } from 'postern/jws';

/** The keys in the settings, by issuer. A token without a `kid` is verified only if exactly one key fits. */
export class StaticVerificationKeys extends VerificationKeys {
  private readonly keys = new Map<string, KeySet>();

  /** @throws Error that names the defect of a key, or the conflict between keys */
  constructor(materials: ReadonlyMap<string, readonly KeyMaterial[]>) {
    super();
    for (const [issuer, list] of materials) this.keys.set(issuer, keySetOf(issuer, list));
  }

  override find(issuer: string, kid: string | undefined, alg?: JwtAlgorithm): VerificationKey | undefined {
    return this.keys.get(issuer)?.find(kid, alg);
  }

  override isLive(issuer: string, kid: string, alg?: JwtAlgorithm): boolean {
    return this.keys.get(issuer)?.has(kid, alg) === true;
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

function keySetOf(issuer: string, materials: readonly KeyMaterial[]): KeySet {
  const types = importedKeys(issuer, materials).map(({ key }) => key.type);
  // RFC 8725 §3.1: a secret, which every verifier knows, must not be accepted beside keys that only the issuer has.
  if (new Set(types).size > 1) {
    throw new Error(`AuthModule: "staticKeys" for ${issuer} mixes a secret with public keys. Write only one kind.`);
  }
  const keys = materials.flatMap((material) => importVerificationKeys(material));
  const set = new KeySet(keys);
  if (keys.some(({ kid, alg }) => !set.has(kid, alg))) {
    throw new Error(
      `AuthModule: two of the "staticKeys" for ${issuer} have the same "kid" and algorithm. Give each key its own "kid".`,
    );
  }
  return set;
}
