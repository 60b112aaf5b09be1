import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { PasswordChanged } from 'postern/password';
import { Events } from 'postern/persistence';
import { AccountLinks } from './account-links.js';

/**
 * Revokes links in the transaction of a changed password: a person who knew the old password may have requested them.
 */
@Injectable()
export class StaleLinks implements OnModuleInit {
  constructor(
    private readonly links: AccountLinks,
    private readonly events: Events,
  ) {}

  onModuleInit(): void {
    this.events.beforeCommit(PasswordChanged, ({ userId }) =>
      this.links.revoke(userId, ['resetPassword', 'confirmEmailChange']),
    );
  }
}
