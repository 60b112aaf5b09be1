import { Injectable } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { UserRegistered } from 'postern/accounts';
import { LoginFailed, PasswordChanged } from 'postern/password';
import { Database, type DomainEvent } from 'postern/persistence';
import { RefreshTokenReused, SessionRefreshed, SessionRevoked, SessionStarted } from 'postern/sessions';
import { SigningKeyActivated, SigningKeyAnnounced, SigningKeyKilled } from 'postern/tokens';
import { UserDeleted, UserDisabled, UserEnabled, UserUpdated } from 'postern/users';
import { EmployeeHired } from './onboarding.js';

/** An event, and whether what it tells could be seen by others when it was told. */
export interface Told {
  readonly event: DomainEvent;
  readonly wasCommitted?: boolean;
}

/** Acme writes down what happens: one listener for each event that Postern publishes. */
@Injectable()
export class AuditTrail {
  readonly told: Told[] = [];

  constructor(private readonly database: Database) {}

  @OnEvent(EmployeeHired.type)
  async onEmployeeHired(event: EmployeeHired): Promise<void> {
    await this.note(event, 'SELECT 1 FROM users WHERE id = $1', event.userId);
  }

  @OnEvent(UserRegistered.type)
  async onUserRegistered(event: UserRegistered): Promise<void> {
    await this.note(event, 'SELECT 1 FROM users WHERE id = $1', event.userId);
  }

  @OnEvent(SessionStarted.type)
  async onSessionStarted(event: SessionStarted): Promise<void> {
    await this.note(event, 'SELECT 1 FROM sessions WHERE id = $1', event.sessionId);
  }

  @OnEvent(SessionRefreshed.type)
  async onSessionRefreshed(event: SessionRefreshed): Promise<void> {
    await this.note(event, 'SELECT 1 FROM sessions WHERE id = $1 AND generation > 0', event.sessionId);
  }

  @OnEvent(SessionRevoked.type)
  async onSessionRevoked(event: SessionRevoked): Promise<void> {
    // A session that ends with its user is gone along with the user.
    const sql = 'SELECT 1 WHERE NOT EXISTS (SELECT FROM sessions WHERE id = $1 AND ended_at IS NULL)';
    await this.note(event, sql, event.sessionId);
  }

  @OnEvent(RefreshTokenReused.type)
  async onRefreshTokenReused(event: RefreshTokenReused): Promise<void> {
    await this.note(event, 'SELECT 1 FROM sessions WHERE id = $1 AND ended_at IS NOT NULL', event.sessionId);
  }

  @OnEvent(PasswordChanged.type)
  async onPasswordChanged(event: PasswordChanged): Promise<void> {
    await this.note(event, 'SELECT 1 FROM password_credentials WHERE user_id = $1', event.userId);
  }

  @OnEvent(UserDisabled.type)
  async onUserDisabled(event: UserDisabled): Promise<void> {
    await this.note(event, 'SELECT 1 FROM users WHERE id = $1 AND disabled_at IS NOT NULL', event.userId);
  }

  @OnEvent(UserEnabled.type)
  async onUserEnabled(event: UserEnabled): Promise<void> {
    await this.note(event, 'SELECT 1 FROM users WHERE id = $1 AND disabled_at IS NULL', event.userId);
  }

  @OnEvent(UserDeleted.type)
  async onUserDeleted(event: UserDeleted): Promise<void> {
    await this.note(event, 'SELECT 1 WHERE NOT EXISTS (SELECT FROM users WHERE id = $1)', event.userId);
  }

  @OnEvent(UserUpdated.type)
  @OnEvent(LoginFailed.type)
  @OnEvent(SigningKeyAnnounced.type)
  @OnEvent(SigningKeyActivated.type)
  @OnEvent(SigningKeyKilled.type)
  onAnything(event: DomainEvent): void {
    this.told.push({ event });
  }

  /** How often this was told. */
  countOf(type: string): number {
    return this.told.filter(({ event }) => (event.constructor as typeof DomainEvent).type === type).length;
  }

  private async note(event: DomainEvent, query: string, id: string): Promise<void> {
    // A connection of its own sees what is committed and nothing else.
    const rows = await this.database.independently(() => this.database.manager.query<unknown[]>(query, [id]));
    this.told.push({ event, wasCommitted: rows.length === 1 });
  }
}
