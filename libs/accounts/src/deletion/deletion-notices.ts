import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { MailTemplates, Outbox } from 'postern/mail';
import { Database, Events } from 'postern/persistence';
import { UserDeletionCancelled, UserDeletionRequested, UsersService } from 'postern/users';

/** Notifies users by mail of a requested and of a cancelled deletion, in the transaction of the change. */
@Injectable()
export class DeletionNotices implements OnModuleInit {
  constructor(
    private readonly users: UsersService,
    private readonly templates: MailTemplates,
    private readonly outbox: Outbox,
    private readonly events: Events,
    private readonly database: Database,
  ) {}

  onModuleInit(): void {
    this.events.beforeCommit(UserDeletionRequested, async ({ userId, occurredAt, deletionAt, acceptLanguage }) => {
      // Without a grace period, this transaction has deleted the user. Another one still reads the address.
      const user = await this.database.independently(() => this.users.findById(userId));
      if (!user) return;
      const recipient = { ...recipientOf(user), acceptLanguage };
      await this.outbox.add(this.templates.write('deletion-requested', { occurredAt, deletionAt }, recipient));
    });
    this.events.beforeCommit(UserDeletionCancelled, async ({ userId, occurredAt }) => {
      const user = await this.users.findById(userId);
      if (!user) return;
      await this.outbox.add(this.templates.write('deletion-cancelled', { occurredAt }, recipientOf(user)));
    });
  }
}

function recipientOf(user: { id: string; email: string }): { id: string; email: string; locale: unknown } {
  return { id: user.id, email: user.email, locale: (user as { locale?: unknown }).locale };
}
