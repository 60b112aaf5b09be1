import { Injectable } from '@nestjs/common';
import { claimsOf } from 'postern/users';
import type { UserBase } from 'postern/users';
import type { Session } from '../session.entity.js';

/** Further claims of an access token. `roles` and `scopes` become the claims of RFC 9068 §2.2.3. */
export interface SessionClaims extends Record<string, unknown> {
  roles?: readonly string[];
  scopes?: readonly string[];
}

/**
 * Says what access tokens tell about their user beyond `sub` and `sid`. Anybody who holds a token can read it, so
 * little is best. Asked at each login and each refresh, instead of `EntityClaims`: what `@UserField({ claim })` names is said by
 * `claimsOf(user)` of `postern/users`.
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

/** The fields of the user that `@UserField({ claim })` names, and nothing else. */
@Injectable()
export class EntityClaims extends ClaimsProvider {
  claims(user: UserBase): SessionClaims {
    return claimsOf(user);
  }
}
