import { Injectable } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { UserDisabled } from 'postern/users';
import { SessionEnder } from './session-ender.js';

/** Ends the sessions of users who are disabled: enabling them again brings none of them back. */
@Injectable()
export class DisabledUsers {
  constructor(private readonly ender: SessionEnder) {}

  /** Ends all sessions of the user. Should it fail, `NotDisabledPolicy` still ends each one at its next refresh. */
  @OnEvent(UserDisabled.type)
  async endSessions({ userId }: UserDisabled): Promise<void> {
    await this.ender.end({ userId }, 'user-disabled');
  }
}
