import type { Type } from '@nestjs/common';
import type { UserBase } from './user-base.entity.js';
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
