import type { Type } from '@nestjs/common';
import { ValidationFailedError } from 'postern/problem';
import type { UserBase } from '../user-base.entity.js';
import { userFieldsOf } from './user-field.decorator.js';

/**
 * The access-token claims of the user: its fields with `@UserField({ claim })`. Instants become ISO 8601 strings; null
 * and undefined are left out.
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

/** About half of the 8,000 bytes of a token: a token has other claims too, and base64url adds a third. */
const MAX_CLAIMS_BYTES = 4096;

/**
 * Rejects values that are too large for an access token, because such a user could no longer sign in.
 *
 * @param user as it would be stored
 * @param properties the properties that are about to be set
 * @throws ValidationFailedError with a pointer for each of these that is a claim
 */
export function assertCarriable(user: UserBase, properties: readonly string[]): void {
  const claimed = userFieldsOf(user.constructor as Type<UserBase>).filter(
    ({ property, claim }) => claim !== undefined && properties.includes(property),
  );
  if (claimed.length === 0 || Buffer.byteLength(JSON.stringify(claimsOf(user))) <= MAX_CLAIMS_BYTES) return;
  const detail = `makes the claims of the access token larger than ${MAX_CLAIMS_BYTES} bytes`;
  throw ValidationFailedError.of(claimed.map(({ property }) => ({ pointer: `/${property}`, detail })));
}
