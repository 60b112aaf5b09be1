import { importKey } from 'postern/jws';
import type { ImportedKey, Jwk, KeyMaterial } from 'postern/jws';
import type { PublicSigningKey } from './keys/signing-keys.js';
import type { StaticSigningKeySettings } from './tokens.settings.js';

/** A configured key that has passed every check. A key without a private part only verifies. */
export type ImportedSigningKey = PublicSigningKey & ImportedKey;

/**
 * Imports a key of the setting `staticKeys`. Verifiers use the same importer and therefore compute the same `kid`.
 *
 * @throws Error that names the key and its defect, without any content of the key
 * @see RFC 8725 §3.5, RFC 7517 §4
 */
export function importSigningKey(settings: StaticSigningKeySettings, position = 0): ImportedSigningKey {
  const { algorithm: alg, privateKey, publicKey, kid } = settings;
  try {
    checkKid(kid ?? kidIn(privateKey ?? publicKey));
    const imported = importKey({ ...materialOf(settings), alg, kid } as KeyMaterial);
    if (alg === 'HS256') return imported;
    if (privateKey !== undefined) checkPrivate(privateKey, imported);
    if (privateKey !== undefined && publicKey !== undefined)
      checkMatch(imported, { ...settings, privateKey: undefined });
    return { ...imported, jwk: imported.key.export({ format: 'jwk' }) };
  } catch (error) {
    const defect = (error as Error).message.replace(/^Key: /, '');
    throw new Error(`TokensModule: staticKeys[${position}] (${alg}): ${defect}`, { cause: error });
  }
}

function materialOf({ algorithm, privateKey, publicKey, secret }: StaticSigningKeySettings): object {
  const written = privateKey ?? publicKey;
  if (algorithm === 'HS256') {
    if (secret !== undefined) return { secret };
    if (typeof written !== 'object' || written.kty !== 'oct') throw new Error('needs secret, or a JWK with kty "oct"');
    return { jwk: written };
  }
  if (secret !== undefined) throw new Error('needs privateKey and no secret');
  if (written === undefined) throw new Error('needs privateKey, or publicKey for a key that only verifies');
  return typeof written === 'string' ? { pem: written } : { jwk: written };
}

function kidIn(written: StaticSigningKeySettings['privateKey']): unknown {
  return typeof written === 'object' ? written['kid'] : undefined;
}

/** Stricter than for keys of other issuers, because each token has this `kid` in its header. */
function checkKid(kid: unknown): void {
  if (kid === undefined || (typeof kid === 'string' && /^[\x21-\x7e]{1,64}$/.test(kid))) return;
  throw new Error('"kid" must be a string of 1 to 64 visible ASCII characters');
}

function checkPrivate(written: string | Jwk, { privateKey }: ImportedKey): void {
  if (privateKey === undefined) throw new Error('privateKey holds a public key: configure it as publicKey');
  const operations = typeof written === 'object' ? written.key_ops : undefined;
  if (operations !== undefined && !(operations as unknown[]).includes('sign')) {
    throw new Error('"key_ops" must include "sign"');
  }
}

function checkMatch({ alg, key }: ImportedKey, settings: StaticSigningKeySettings): void {
  const { key: written } = importKey({ ...materialOf(settings), alg } as KeyMaterial);
  if (!written.equals(key)) throw new Error('publicKey does not match privateKey');
}
