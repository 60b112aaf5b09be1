import { ApiProperty } from '@nestjs/swagger';
import { keyStateOf } from '../keys/key-state.js';
import type { KeyInstants, KeyState } from '../keys/key-state.js';

/** A signing key, its state and the instants of its life. */
export class KeyDto {
  @ApiProperty({ description: 'The id of the key.', example: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' })
  kid!: string;

  @ApiProperty({ description: 'The algorithm that it signs with.', example: 'ES256' })
  algorithm!: string;

  @ApiProperty({
    description:
      'Announced: published, signs next. Active: signs. Retired: only verifies. Gone and killed: tokens are rejected.',
    enum: ['announced', 'active', 'retired', 'gone', 'killed'],
    example: 'active',
  })
  state!: KeyState;

  @ApiProperty({ description: 'When it begins to sign.', ...instant('2026-11-23T09:00:00.000Z') })
  activeAt!: string | null;

  @ApiProperty({ description: 'When it stops signing.', ...instant(null) })
  retiredAt!: string | null;

  @ApiProperty({ description: 'When it leaves the JWKS and its tokens are no longer accepted.', ...instant(null) })
  goneAt!: string | null;

  @ApiProperty({ description: 'When it was killed.', ...instant(null) })
  killedAt!: string | null;

  /** @param now epoch milliseconds */
  static from(key: KeyInstants & { readonly kid: string; readonly alg: string }, now: number): KeyDto {
    return Object.assign(new KeyDto(), {
      kid: key.kid,
      algorithm: key.alg,
      state: keyStateOf(key, now),
      activeAt: key.activeAt?.toISOString() ?? null,
      retiredAt: key.retiredAt?.toISOString() ?? null,
      goneAt: key.goneAt?.toISOString() ?? null,
      killedAt: key.killedAt?.toISOString() ?? null,
    });
  }
}

function instant(example: string | null) {
  return { type: 'string', format: 'date-time', nullable: true, example } as const;
}
