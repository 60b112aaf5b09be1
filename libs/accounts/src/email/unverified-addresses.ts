import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { Events } from 'postern/persistence';
import { UserCreated, UsersService, UserUpdated } from 'postern/users';
import { UserRegistered } from '../accounts.events.js';
import { AccountLinks } from '../links/account-links.js';
import { ForgotPassword } from '../password/forgot-password.js';
import { VerifyEmail } from './verify-email.js';

/**
 * Sends the link of the verification to each new address, in the transaction that stores the address. A user whom an
 * administrator creates without a password gets a link for the first password instead, which verifies the address, too.
 * A changed address revokes the links that the former address got.
 */
@Injectable()
export class UnverifiedAddresses implements OnModuleInit {
  constructor(
    private readonly users: UsersService,
    private readonly links: AccountLinks,
    private readonly verification: VerifyEmail,
    private readonly passwords: ForgotPassword,
    private readonly events: Events,
  ) {}

  onModuleInit(): void {
    this.events.beforeCommit(UserRegistered, ({ userId, acceptLanguage }) => this.onNewAddress(userId, acceptLanguage));
    this.events.beforeCommit(UserCreated, (event) => this.onUserCreated(event));
    this.events.beforeCommit(UserUpdated, (event) => this.onUserUpdated(event));
  }

  private async onUserCreated({ userId, hasPassword }: UserCreated): Promise<void> {
    if (hasPassword) return this.onNewAddress(userId);
    const user = await this.users.findById(userId);
    if (user) await this.passwords.request(user, undefined, 'set-password');
  }

  private async onUserUpdated({ userId, changed }: UserUpdated): Promise<void> {
    const user = changed.includes('email') ? await this.users.findById(userId) : null;
    if (!user) return;
    await this.links.revokeAll(userId, user.email);
    if (!user.emailVerifiedAt) await this.verification.request(user);
  }

  private async onNewAddress(userId: string, acceptLanguage?: string): Promise<void> {
    const user = await this.users.findById(userId);
    if (user && !user.emailVerifiedAt) await this.verification.request(user, acceptLanguage);
  }
}
