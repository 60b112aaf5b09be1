import type { MigrationInterface } from 'typeorm';
import { Foundation1764000000000 } from './0001-foundation.js';
import { TokenLifetimes1795783500000 } from './0002-token-lifetimes.js';
import { LivingSessions1795888000000 } from './0003-living-sessions.js';
import { PasswordSample1796100187000 } from './0004-password-sample.js';
import { Roles1796130000000 } from './0005-roles.js';
import { MailOutbox1796134000000 } from './0006-mail-outbox.js';
import { Administration1796136000000 } from './0007-administration.js';
import { VerifiedEmails1796138000000 } from './0008-verified-emails.js';
import { OneTimeTokens1796140000000 } from './0009-one-time-tokens.js';
import { AccountDeletion1796142000000 } from './0010-account-deletion.js';
import { Limits1796144000000 } from './0012-limits.js';

/** A migration. Its name ends in thirteen digits, the epoch milliseconds of its creation. */
export type MigrationClass = new () => MigrationInterface;

/** The migrations of Postern in their order. A released migration never changes; a new one corrects it. */
export const migrations: MigrationClass[] = [
  Foundation1764000000000,
  TokenLifetimes1795783500000,
  LivingSessions1795888000000,
  PasswordSample1796100187000,
  Roles1796130000000,
  MailOutbox1796134000000,
  Administration1796136000000,
  VerifiedEmails1796138000000,
  OneTimeTokens1796140000000,
  AccountDeletion1796142000000,
  Limits1796144000000,
];
