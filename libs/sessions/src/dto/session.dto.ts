import { ApiProperty } from '@nestjs/swagger';
import { userAgentLabel } from '../login/user-agent-label.js';
import type { Session } from '../session.entity.js';

/** A session of the user, as the user sees it. */
export class SessionDto {
  @ApiProperty({
    description: 'The `sid` of its access tokens. `DELETE /auth/sessions/{id}` ends it.',
    format: 'uuid',
    example: '019abfc2-617b-7000-a1b2-c3d4e5f60718',
  })
  id!: string;

  @ApiProperty({
    description: 'The browser and the system, as the User-Agent header names them.',
    example: 'Firefox on Linux',
  })
  device!: string;

  @ApiProperty({
    description: 'The User-Agent header, at most 512 characters.',
    type: String,
    nullable: true,
    example: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  })
  userAgent!: string | null;

  @ApiProperty({
    description: 'The IP address of the last login or refresh.',
    type: String,
    nullable: true,
    example: '203.0.113.7',
  })
  ipAddress!: string | null;

  @ApiProperty({ description: 'When the user signed in.', format: 'date-time', example: '2026-11-23T08:15:00.000Z' })
  firstSeenAt!: string;

  @ApiProperty({
    description: 'When the session was last refreshed.',
    format: 'date-time',
    example: '2026-11-23T17:42:10.000Z',
  })
  lastUsedAt!: string;

  @ApiProperty({ description: 'When the session expires.', format: 'date-time', example: '2026-12-23T17:42:10.000Z' })
  expiresAt!: string;

  @ApiProperty({ description: 'Whether the access token of this request belongs to the session.', example: true })
  current!: boolean;

  /** The session as its owner sees it, without the seed. */
  static from(session: Session, currentId: string | undefined): SessionDto {
    return Object.assign(new SessionDto(), {
      id: session.id,
      device: userAgentLabel(session.userAgent),
      userAgent: session.userAgent,
      ipAddress: session.ipAddress,
      firstSeenAt: session.createdAt.toISOString(),
      lastUsedAt: session.lastUsedAt.toISOString(),
      expiresAt: session.expiresAt.toISOString(),
      current: session.id === currentId,
    });
  }
}
