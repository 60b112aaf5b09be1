import type { MigrationInterface } from 'typeorm';
import { Foundation1764000000000 } from './0001-foundation.js';
import { TokenLifetimes1795783500000 } from './0002-token-lifetimes.js';
import { LivingSessions1795888000000 } from './0003-living-sessions.js';
import { PasswordSample1796100187000 } from './0004-password-sample.js';

/** A class of plain SQL; its name ends in thirteen digits, the milliseconds at which it was written. */
export type MigrationClass = new () => MigrationInterface;

/**
 * All that the package ships, in the order in which it runs. Written once, never changed: a mistake is mended by the
 * next.
 */
export const migrations: MigrationClass[] = [
  Foundation1764000000000,
  TokenLifetimes1795783500000,
  LivingSessions1795888000000,
  PasswordSample1796100187000,
];
