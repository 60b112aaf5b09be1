import type { ForeignHash } from 'postern/password/foreign-hashes';

/** A user as the export of another system describes it. */
export interface SourceUser {
  /** The line on which the entry begins, from 1. */
  readonly line: number;
  /** The id in the other system. With it, a later import of the same user changes nothing. */
  readonly sourceId?: string | undefined;
  readonly email: string;
  /** When the user verified the address, or whether. */
  readonly emailVerified: Date | boolean;
  readonly isDisabled?: boolean;
  readonly createdAt?: Date | undefined;
  /** A language tag, such as `ko-KR`. */
  readonly locale?: string | undefined;
  readonly roles?: readonly string[];
  /** Without a hash, the user cannot sign in with a password until a reset. */
  readonly passwordHash?: ForeignHash | undefined;
  /** Values for your own columns of the user. Only the format of Postern has them. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** The whole entry of the export, for your mapping. */
  readonly entry: Readonly<Record<string, unknown>>;
}

/** A line or an entry that was not imported. */
export interface UnreadableEntry {
  readonly line: number;
  /** A reason for the operator. It never has a hash or another value of the entry. */
  readonly reason: string;
  /** Whether the entry is left out on purpose, such as a deleted user, so that it does not count as rejected. */
  readonly isSkipped?: boolean;
  /** The second file of the export, if the line belongs to it. */
  readonly file?: 'hashes';
}

/** An entry of an export. */
export type SourceEntry = SourceUser | UnreadableEntry;

/** An entry that cannot be imported. Its message is the reason. */
export class EntryError extends Error {
  constructor(
    reason: string,
    readonly isSkipped = false,
  ) {
    super(reason);
  }
}
