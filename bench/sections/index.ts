import type { Section } from '../section.js';
import { accounts } from './accounts.js';
import { administration } from './administration.js';
import { coldTokens } from './cold-tokens.js';
import { enumeration } from './enumeration.js';
import { followers } from './followers.js';
import { heldRevocations } from './held-revocations.js';
import { revocation } from './revocation.js';
import { seenTokens } from './seen-tokens.js';
import { start } from './start.js';
import { storm } from './storm.js';

/** All sections in the order of the document. */
export const sections: readonly Section[] = [
  seenTokens,
  coldTokens,
  accounts,
  administration,
  storm,
  enumeration,
  start,
  revocation,
  followers,
  heldRevocations,
];
