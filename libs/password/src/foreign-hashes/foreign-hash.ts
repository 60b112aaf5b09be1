import { timingSafeEqual } from 'node:crypto';

/** The rules of the application for hashes whose system reads only a part of a password. */
export interface TruncationRules {
  /** Whether a plain bcrypt hash verifies the first 72 bytes of a longer password. */
  readonly acceptsTruncatedBcrypt: boolean;
}

/** Verifies a password, as the user typed it, against one hash of another system. Never throws. */
export type ForeignVerifier = (password: string, rules: TruncationRules) => Promise<boolean>;

/** Reads the text of a hash. @throws UnsupportedHashError */
export type HashReader = (text: string) => ForeignVerifier;

/** A hash that cannot be imported. Its message is a reason for the operator and never has a part of the hash. */
export class UnsupportedHashError extends Error {}

/** @throws UnsupportedHashError with the reason, if the condition does not hold */
export function assertReadable(condition: unknown, reason: string): asserts condition {
  if (!condition) throw new UnsupportedHashError(reason);
}

/** Compares two secrets in constant time. */
export function isEqual(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}
