import { Injectable } from '@nestjs/common';
import { FromThisPackage } from 'postern/problem';
import { InsufficientScopeError, PrincipalUnknownError, reject, UnsupportedContextError } from '../auth.errors.js';
import { bearerCredentialsOf } from './bearer-token.js';
import { rememberRequest, requestOf } from './message-request.js';
import { ReadsTokens } from '../access/guard-metadata.js';
import { PrincipalMapper } from './principal-mapper.js';
import { isThenable } from './is-thenable.js';
import { openStreamsOf } from '../streams/open-streams.js';
import { routeAccess } from '../access/route-access.js';
import { AccessTokenVerifier } from '../tokens/access-token-verifier.js';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { Principal } from './principal.js';
import type { RouteAccess } from '../access/route-access.js';
import { ADMITTED } from './guarded-request.js';
import type { GuardedRequest } from './guarded-request.js';

/**
 * Lets a request pass whose bearer token is proven and carries the scopes of the route, and sets `request.principal`
 * and `request.user`. Global and closed by default; `@UseGuards(JwtAuthGuard)` puts it before single controllers.
 *
 * `AccessTokenVerifier` verifies the token. The guard waits only if a key must be fetched.
 *
 * @throws MissingTokenError, InvalidTokenError, InsufficientScopeError, UnsupportedContextError, PrincipalUnknownError;
 *   RevocationsUnknownError and ServiceUnavailableError if revocations or keys are unknown
 * @see RFC 6750, RFC 9068 §4
 */
@FromThisPackage()
@ReadsTokens()
@Injectable()
export class JwtAuthGuard implements CanActivate {
  constructor(
    private readonly verifier: AccessTokenVerifier,
    private readonly mapper: PrincipalMapper,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const access = routeAccess(context.getHandler(), context.getClass());
    if (access.isPublic) return true;
    const request = this.getRequest(context);
    if (context.getType() !== 'http') {
      // A socket or a subscription outlives its token, so the guard verifies the token of every message.
      rememberRequest(context, request);
      if (requestOf(context) !== request) throw new PrincipalUnknownError(context);
    } else if (
      request[ADMITTED] === this.verifier &&
      request.principal !== undefined &&
      // An object of a subclass may outlive the request, and another request may find it.
      request === context.getArgByIndex(0)
    ) {
      this.checkScopes(access, request.principal);
      return true;
    } else {
      // By the verifier: the application may make the guard itself, for `useGlobalGuards`.
      openStreamsOf(this.verifier)?.addResponse(context, request);
    }
    const verified = this.verifier.verifyCredentials(bearerCredentialsOf(request));
    return verified instanceof Promise
      ? verified.then((principal) => this.authorize(context, request, principal, access))
      : this.authorize(context, request, verified, access);
  }

  /**
   * The request whose `headers.authorization` is read, and on which `principal` and `user` are set. An override may
   * return an object of its own: `@CurrentPrincipal()` and `@CurrentUser()` find the result all the same. For a
   * socket's message that is not an object, nothing else than the client itself can carry the result, and the guard
   * rejects the message if the override returns anything else.
   *
   * @throws UnsupportedContextError for anything but HTTP: a handler stays shut if the guard cannot read its
   *   credentials
   * @example
   * ```ts
   * \@Injectable()
   * class GraphqlJwtAuthGuard extends JwtAuthGuard {
   *   protected override getRequest(context: ExecutionContext) {
   *     return GqlExecutionContext.create(context).getContext().req;
   *   }
   * }
   * ```
   * @example
   * ```ts
   * const { token } = context.switchToWs().getData<{ token: string }>();
   * return { headers: { authorization: `Bearer ${token}` } };
   * ```
   */
  protected getRequest(context: ExecutionContext): GuardedRequest {
    if (context.getType() !== 'http') throw new UnsupportedContextError(context.getType());
    // Nest's `switchToHttp` makes three functions at each call, and the first of them answers this.
    return context.getArgByIndex<GuardedRequest>(0);
  }

  private authorize(
    context: ExecutionContext,
    request: GuardedRequest,
    principal: Principal,
    access: RouteAccess,
  ): boolean | Promise<boolean> {
    this.checkScopes(access, principal);
    if (access.isForServices && principal.sessionId === undefined) {
      return this.attachUser(context, request, principal, undefined);
    }
    const user = this.mapper.map(principal);
    return isThenable(user)
      ? Promise.resolve(user).then((one) => this.resolveUser(context, request, principal, one))
      : this.resolveUser(context, request, principal, user);
  }

  private resolveUser(context: ExecutionContext, request: GuardedRequest, principal: Principal, user: unknown): true {
    if (user === undefined || user === null) return reject('the mapper knows no such user');
    return this.attachUser(context, request, principal, user);
  }

  private attachUser(context: ExecutionContext, request: GuardedRequest, principal: Principal, user: unknown): true {
    request.principal = principal;
    request.user = user;
    request[ADMITTED] = this.verifier;
    if (context.getType() === 'http') {
      const carrier = context.getArgByIndex<GuardedRequest>(0);
      // The decorators read the request of Nest. Another guard still has to read its own credentials there.
      if (carrier !== request) Object.assign(carrier, { principal, user });
    }
    return true;
  }

  private checkScopes({ scopes, isOwnIssuerOnly }: RouteAccess, principal: Principal): void {
    if (isOwnIssuerOnly && !this.verifier.isOfOwnIssuer(principal)) reject('the route is for tokens of its own issuer');
    for (const scope of scopes) {
      if (!principal.scopes.includes(scope)) throw new InsufficientScopeError(scopes);
    }
  }
}
