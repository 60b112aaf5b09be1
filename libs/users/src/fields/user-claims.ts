import type { Type } from '@nestjs/common';
import { ValidationFailedError } from 'postern/problem';
import type { UserBase } from '../user-base.entity.js';
import { userFieldsOf } from './user-field.decorator.js';

/**
 * The access-token claims of the user's fields that were declared with `@UserField({ claim })`. Instants become ISO
 * 8601 text; what is null or undefined is left out.
 */
export function claimsOf(user: UserBase): Record<string, unknown> {
  const values = user as unknown as Record<string, unknown>;
  const claims: Record<string, unknown> = {};
  for (const { property, claim } of userFieldsOf(user.constructor as Type<UserBase>)) {
    const value = values[property];
    if (claim === undefined || value === undefined || value === null) continue;
    claims[claim] = value instanceof Date ? value.toISOString() : value;
  }
  return claims;
}

/** Half of what verifiers read of a token (8 KiB), for there is more in it, and base64url takes a third more than bytes. */
const MAX_CLAIMS_BYTES = 4096;

/**
 * Keeps a user from values that no access token could carry: nobody could sign in with them any more.
 *
 * @param user as it would be stored
 * @param given the properties that are about to be set
 * @throws ValidationFailedError with the pointers of the claimed ones among them
 */
export function assertCarriable(user: UserBase, given: readonly string[]): void {
  const claimed = userFieldsOf(user.constructor as Type<UserBase>).filter(
    ({ property, claim }) => claim !== undefined && given.includes(property),
  );
  if (claimed.length === 0 || Buffer.byteLength(JSON.stringify(claimsOf(user))) <= MAX_CLAIMS_BYTES) return;
  const detail = `is in the access token, whose claims of this kind may take ${MAX_CLAIMS_BYTES} bytes together`;
  throw ValidationFailedError.of(claimed.map(({ property }) => ({ pointer: `/${property}`, detail })));
}
