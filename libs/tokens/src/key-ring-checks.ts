import { publishedBefore, type KeyPolicy, type PlannedKey } from './key-plan.js';
import type { KeyVault } from './key-vault.js';
import type { SigningKey } from './signing-key.entity.js';

/** @throws Error with a sentence that says what to do where a stored key was wrapped under a secret that is not at hand */
export function assertOpenable(keys: readonly SigningKey[], vault: KeyVault): void {
  const orphan = keys.find((key) => vault.isOutdated(key) && !vault.canOpen(key) && !key.killedAt);
  if (!orphan) return;
  throw new Error(
    `TokensModule: the stored signing keys are encrypted under another secret (its id is ${orphan.secretId}). ` +
      'Set secret back to the former one, or keep the new one and add the former to previousSecrets. If the former ' +
      'secret is lost, delete the rows of the table signing_keys: new keys are made, and every token has to be issued anew.',
  );
}

/** @throws Error where a process that makes no keys at start finds none, or none that it can read */
export function assertUsable(keys: readonly SigningKey[], vault: KeyVault): void {
  if (keys.length === 0) {
    throw new Error(
      'TokensModule: there are no signing keys yet; a server makes them when it starts, and this process does not.',
    );
  }
  assertOpenable(keys, vault);
}

/** @throws Error where a process that keeps no ring would write a key under another secret than the servers */
export function assertCurrent(keys: readonly SigningKey[], vault: KeyVault): void {
  if (!keys.some((key) => vault.isOutdated(key) && !key.killedAt)) return;
  throw new Error(
    'TokensModule: the stored signing keys are encrypted under one of previousSecrets. Set secret as the servers have it: ' +
      'a key that is made under another one could not be read by them.',
  );
}

/** @throws Error where the algorithm of access tokens can take over from the present one for nobody but this server */
export function assertFollowable(keys: readonly PlannedKey[], now: number, policy: KeyPolicy): void {
  const former = publishedBefore(keys, now, policy);
  if (!former) return;
  throw new Error(
    `TokensModule: access tokens are signed with ${former.alg}, and other services verify them by the JWKS. HS256 is never ` +
      `published there, so all of them would refuse its tokens: set algorithm to ${former.alg}, or to another that is published. ` +
      'Where no other service verifies tokens, stop every replica and delete the rows of the table signing_keys: a new key is ' +
      'made, and every access token has to be issued anew.',
  );
}
