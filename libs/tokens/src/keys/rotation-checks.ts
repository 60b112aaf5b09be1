import { publishedBefore } from './rotation-plan.js';
import type { KeyPolicy, PlannedKey } from './rotation-plan.js';
import type { PrivateKeyEncryption } from './private-key-encryption.js';
import type { SigningKey } from './signing-key.entity.js';

/** @throws Error with a sentence that says what to do where a stored key was wrapped under a secret that is not at hand */
export function assertOpenable(keys: readonly SigningKey[], vault: PrivateKeyEncryption): void {
  const orphan = keys.find((key) => vault.isOutdated(key) && !vault.canOpen(key) && !key.killedAt);
  if (!orphan) return;
  throw new Error(
    `TokensModule: the stored signing keys are encrypted under another secret (its id is ${orphan.secretId}). ` +
      'Set `secret` back to the former one, or keep the new one and add the former to `previousSecrets`. If the former ' +
      'secret is lost, delete the rows of the table signing_keys: new keys are made, and every token has to be issued anew.',
  );
}

/** @throws Error where a process that makes no keys at start finds none, or none that it can read */
export function assertUsable(keys: readonly SigningKey[], vault: PrivateKeyEncryption): void {
  if (keys.length === 0) {
    throw new Error(
      'TokensModule: there are no signing keys yet; a server makes them when it starts, and this process does not.',
    );
  }
  assertOpenable(keys, vault);
}

/** @throws Error where a process that keeps no ring would write a key under another secret than the servers */
export function assertCurrent(keys: readonly SigningKey[], vault: PrivateKeyEncryption): void {
  if (!keys.some((key) => vault.isOutdated(key) && !key.killedAt)) return;
  throw new Error(
    'TokensModule: the stored signing keys are encrypted under one of previousSecrets. Set `secret` as the servers have it: ' +
      'a key that is made under another one could not be read by them.',
  );
}

/** What to know where HS256 follows a published key: a sentence, or undefined. */
export function warningOf(keys: readonly PlannedKey[], now: number, policy: KeyPolicy): string | undefined {
  const former = publishedBefore(keys, now, policy);
  return former === undefined
    ? undefined
    : `Access tokens were signed with ${former.alg}, and are signed with HS256 here from now on. HS256 is never published: services ` +
        `that verify by the JWKS refuse these tokens, and replicas that are set to ${former.alg} go on with its key.`;
}
