import { ofClaims } from './of-claims.js';
import { ofEncodings, ofJson, ofSizes } from './of-encodings.js';
import { ofCriticals, ofKeysInHeaders, ofKids } from './of-headers.js';
import { ofEncrypted, ofPurposes, ofSecrets, ofTypes } from './of-purposes.js';
import { ofAlgorithms, ofConfusion, ofSignatures } from './of-signatures.js';
import type { HostileToken } from './hostile-token.js';
import type { World } from './fixture.js';

export type { HostileToken } from './hostile-token.js';
export { byEs, byHs, byRs, compact, goodClaims, goodHeader, makeWorld } from './fixture.js';
export type { World } from './fixture.js';

/** Every hostile token, generated for the keys and the time of the fixture. */
export function hostileTokens(world: World): HostileToken[] {
  const kinds = [
    ofSignatures,
    ofAlgorithms,
    ofConfusion,
    ofKeysInHeaders,
    ofKids,
    ofCriticals,
    ofTypes,
    ofJson,
    ofEncodings,
    ofSizes,
    ofClaims,
    ofPurposes,
    ofEncrypted,
    ofSecrets,
  ];
  return kinds.flatMap((tokens) => tokens(world));
}
