/** The compile errors for a team's handlers: decorators, and the arguments of listeners. `tsc --noEmit` is the test. */
import { UserRegistered } from 'postern/accounts';
import { CurrentPrincipal, CurrentUser, Public, RequireScopes } from 'postern/auth';
import type { Principal } from 'postern/auth';
import { LoginFailed, PasswordChanged } from 'postern/password';
import { DomainEvent, Events } from 'postern/persistence';
import { AuthError, ApiProblems } from 'postern/problem';
import { RefreshTokenReused, SessionRevoked, SessionStarted } from 'postern/sessions';
import type { SessionsService } from 'postern/sessions';
import { SigningKeyKilled } from 'postern/tokens';
import { UserUpdated } from 'postern/users';

interface SignedInEmployee {
  readonly employeeId: string;
  readonly department: string;
}

export class Handlers {
  mine(@CurrentUser() employee: SignedInEmployee, @CurrentPrincipal() principal: Principal): string {
    return employee.employeeId + principal.subject;
  }

  department(
    @CurrentUser<SignedInEmployee>('department') department: string,
    @CurrentUser('subject') subject: string,
  ): string {
    return department + subject;
  }

  // @ts-expect-error a misspelt property
  misspelt(@CurrentUser<SignedInEmployee>('departement') department: string): string {
    return department;
  }

  // @ts-expect-error without a type it is the principal, which has no department
  untold(@CurrentUser('department') department: string): string {
    return department;
  }

  // @ts-expect-error the whole principal comes, and no part of it
  part(@CurrentPrincipal('subject') subject: string): string {
    return subject;
  }

  @Public()
  @RequireScopes('orders:read', 'orders:write')
  open(): void {}

  // @ts-expect-error scopes are given one by one
  @RequireScopes(['orders:read'])
  list(): void {}

  // @ts-expect-error a rejection is an AuthError
  @ApiProblems(TypeError)
  refused(): void {}
}

export class Listener {
  onStarted({ userId, sessionId, amr }: SessionStarted): string[] {
    return [userId, sessionId, ...amr];
  }

  onRevoked(event: SessionRevoked): string {
    // @ts-expect-error what has happened does not change
    event.reason = 'another';
    // @ts-expect-error no event carries a token
    return event.refreshToken ?? event.reason;
  }

  onFailed(event: LoginFailed): string | undefined {
    // @ts-expect-error nor the password that was typed
    void event.password;
    // @ts-expect-error nor the address
    void event.email;
    // @ts-expect-error there is no such reason
    if (event.reason === 'typo') return undefined;
    return event.userId;
  }

  onChanged({ userId, occurredAt }: PasswordChanged | UserRegistered | RefreshTokenReused): [string, Date] {
    return [userId, occurredAt];
  }

  onUpdated({ changed }: UserUpdated): readonly string[] {
    // @ts-expect-error names of fields, not to be added to
    changed.push('email');
    return changed;
  }

  onKilled({ keyId }: SigningKeyKilled): string {
    return keyId;
  }
}

export class Hired extends DomainEvent {
  static override readonly type = 'employee.hired';
}

export async function publish(events: Events, sessions: SessionsService): Promise<void> {
  events.publish(new Hired());
  // @ts-expect-error an object is not an event
  events.publish({ type: 'employee.hired' });
  // @ts-expect-error ending a session requires a reason
  await sessions.revoke('01938f2e-6a1c-7d3a-9c55-3f6d1c0b7a11');
}

// @ts-expect-error an error has a code, a status and a title
export class Nameless extends AuthError {
  readonly status = 409;
}
