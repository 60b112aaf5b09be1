import { publishedBefore } from './rotation-plan.js';
import type { KeyPolicy, PlannedKey } from './rotation-plan.js';
import type { PrivateKeyEncryption } from './private-key-encryption.js';
import type { SigningKey } from './signing-key.entity.js';

/** @throws Error that says what to do, when a stored key is encrypted under a secret that is not configured */
export function assertOpenable(keys: readonly SigningKey[], vault: PrivateKeyEncryption): void {
  const orphan = keys.find((key) => vault.isOutdated(key) && !vault.canOpen(key) && !key.killedAt);
  if (!orphan) return;
  throw new Error(
    `TokensModule: the stored signing keys are encrypted under another secret (its id is ${orphan.secretId}). ` +
      'Set `secret` back to the former secret, or add the former secret to `previousSecrets`. If the former secret is lost, ' +
      'delete the rows of the table signing_keys: the server creates new keys, and all existing tokens become invalid.',
  );
}

/** @throws Error when a process that may not create keys finds none, or none that it can decrypt */
export function assertUsable(keys: readonly SigningKey[], vault: PrivateKeyEncryption): void {
  if (keys.length === 0) {
    throw new Error(
      'TokensModule: there are no signing keys yet. A server creates them when it starts; this process does not (keepsRing: false).',
    );
  }
  assertOpenable(keys, vault);
}

/** @throws Error when a process with `keepsRing: false` would encrypt a key under another secret than the servers */
export function assertCurrent(keys: readonly SigningKey[], vault: PrivateKeyEncryption): void {
  if (!keys.some((key) => vault.isOutdated(key) && !key.killedAt)) return;
  throw new Error(
    'TokensModule: the stored signing keys are encrypted under one of previousSecrets. Set `secret` to the secret of the ' +
      'servers: they could not decrypt a key under another secret.',
  );
}

/** The warning for a change from a published algorithm to HS256, or undefined. */
export function warningOf(keys: readonly PlannedKey[], now: number, policy: KeyPolicy): string | undefined {
  const former = publishedBefore(keys, now, policy);
  return former === undefined
    ? undefined
    : `The algorithm of access tokens changed from ${former.alg} to HS256. HS256 keys are never published: services ` +
        `that verify with the JWKS reject these tokens, and replicas with ${former.alg} continue to sign with its key.`;
}
