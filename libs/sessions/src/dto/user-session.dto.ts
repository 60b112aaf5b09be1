import { ApiProperty } from '@nestjs/swagger';
import type { SessionsPage } from '../administration/session-list.js';
import { SessionDto } from './session.dto.js';
import type { Session } from '../session.entity.js';

/** A session, as administrators see it. */
export class UserSessionDto extends SessionDto {
  @ApiProperty({
    description: 'The id of the user.',
    format: 'uuid',
    example: '01936d2a-7c1e-7a60-8f3b-2d5f9d1c4e77',
  })
  userId!: string;

  /** The session without the seed. */
  static override from(session: Session, currentId: string | undefined): UserSessionDto {
    return Object.assign(new UserSessionDto(), SessionDto.from(session, currentId), { userId: session.userId });
  }
}

/** A page of sessions. */
export class SessionsPageDto {
  @ApiProperty({ type: [UserSessionDto], description: 'The live sessions of this page, the newest first.' })
  sessions!: UserSessionDto[];

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'The value of `after` for the next page; null on the last page.',
    example: null,
  })
  next!: string | null;

  /** @param currentId the session of the caller */
  static from({ sessions, next }: SessionsPage, currentId: string | undefined): SessionsPageDto {
    return { sessions: sessions.map((session) => UserSessionDto.from(session, currentId)), next };
  }
}
