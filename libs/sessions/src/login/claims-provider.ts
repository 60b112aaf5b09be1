import { Injectable } from '@nestjs/common';
import { claimsOf } from 'postern/users';
import type { UserBase } from 'postern/users';
import type { Session } from '../session.entity.js';

/** Additional claims of an access token. `roles` and `scopes` become the claims of RFC 9068 §2.2.3. */
export interface SessionClaims extends Record<string, unknown> {
  roles?: readonly string[];
  scopes?: readonly string[];
}

/**
 * Returns the claims of an access token about its user, in addition to `sub` and `sid`. Each holder of a token can read
 * them: add few. Each login and each refresh calls it, instead of `EntityClaims`: spread `claimsOf(user)` of
 * `postern/users` to keep the claims of `@UserField({ claim })`.
 *
 * @example
 * ```ts
 * @Injectable()
 * class TeamClaims extends ClaimsProvider {
 *   constructor(private readonly teams: TeamsService) { super(); }
 *   async claims(user: UserBase) { return { ...claimsOf(user), team: await this.teams.nameOf(user.id) }; }
 * }
 * SessionsModule.forRoot({ claims: TeamClaims, imports: [TeamsModule] })
 * ```
 */
export abstract class ClaimsProvider<U extends UserBase = UserBase> {
  abstract claims(user: U, session: Readonly<Session>): Promise<SessionClaims> | SessionClaims;
}

/** The claims that `@UserField({ claim })` declares. */
@Injectable()
export class EntityClaims extends ClaimsProvider {
  claims(user: UserBase): SessionClaims {
    return claimsOf(user);
  }
}
