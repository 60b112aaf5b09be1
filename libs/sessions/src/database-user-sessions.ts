import { Injectable } from '@nestjs/common';
import { UserSessions } from 'postern/users';
import { EndSessions } from './use-cases/end-sessions.js';

/** Ends the sessions of a user who is disabled. They stay ended if the user is enabled again. */
@Injectable()
export class DatabaseUserSessions extends UserSessions {
  constructor(private readonly ender: EndSessions) {
    super();
  }

  override async endAllOf(userId: string, reason: string): Promise<void> {
    await this.ender.end({ userId }, reason);
  }
}
