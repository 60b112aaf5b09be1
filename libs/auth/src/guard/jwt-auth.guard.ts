import { Injectable } from '@nestjs/common';
import { FromThisPackage } from 'postern/problem';
import {
  ImpersonationNotAllowedError,
  InvalidTokenError,
  loggedBeyondHttp,
  MissingTokenError,
  PrincipalUnknownError,
  reject,
  UnsupportedContextError,
} from '../auth.errors.js';
import { credentialsReaderOf } from './credentials-reader.js';
import type { ReadCredentials } from './credentials-reader.js';
import { noteGuarded, requestFor, requestOf } from './message-request.js';
import { bearerCredentialsOf } from './bearer-token.js';
import { carrierFor } from '../carriers/carriers.js';
import { MessageRequest } from '../carriers/message-request.js';
import { ReadsTokens } from '../access/guard-metadata.js';
import { PrincipalMapper } from './principal-mapper.js';
import { isThenable } from './is-thenable.js';
import { openStreamsOf } from '../streams/open-streams.js';
import { RouteRights } from '../permissions/route-rights.js';
import { routeAccess } from '../access/route-access.js';
import { AccessTokenVerifier } from '../tokens/access-token-verifier.js';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { Principal } from './principal.js';
import type { RouteAccess } from '../access/route-access.js';
import { ADMITTED } from './guarded-request.js';
import type { GuardedRequest } from './guarded-request.js';

/**
 * Accepts a request if its bearer token is valid and has the scopes of the route, and sets `request.principal` and
 * `request.user`. It applies to every route by default; `@UseGuards(JwtAuthGuard)` applies it to single controllers.
 *
 * `AccessTokenVerifier` verifies the token. The guard waits only if a key must be fetched.
 *
 * @throws MissingTokenError, InvalidTokenError, InsufficientScopeError, ImpersonationNotAllowedError,
 *   RoleMissingError, PermissionMissingError,
 *   PolicyDeniedError, UnsupportedContextError, PrincipalUnknownError; RevocationsUnknownError and
 *   ServiceUnavailableError if revocations or keys are unknown
 * @see RFC 6750, RFC 9068 §4
 */
@FromThisPackage()
@ReadsTokens()
@Injectable()
export class JwtAuthGuard implements CanActivate {
  private reader: ReadCredentials | undefined;

  constructor(
    private readonly verifier: AccessTokenVerifier,
    private readonly mapper: PrincipalMapper,
    private readonly rights: RouteRights,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const access = routeAccess(context.getHandler(), context.getClass());
    const isHttp = context.getType() === 'http';
    if (!isHttp) noteGuarded(context);
    if (access.isPublic) return true;
    const request = isHttp ? this.getRequest(context) : requestFor(context, this, () => this.getRequest(context));
    if (!isHttp) {
      // A socket or a subscription may outlive its token, so the guard verifies the token for every message.
      if (requestOf(context) !== request) throw loggedBeyondHttp(new PrincipalUnknownError(context), context);
    } else if (
      request[ADMITTED] === this.verifier &&
      request.principal !== undefined &&
      // A subclass may return one object for several requests.
      request === context.getArgByIndex(0)
    ) {
      if (!access.hasRights) return true;
      this.checkRights(access, request.principal);
      return access.policies.length === 0 || this.checkPolicies(access, context, request);
    } else {
      // By the verifier: the application may make the guard itself, for `useGlobalGuards`.
      openStreamsOf(this.verifier)?.addResponse(context, request);
    }
    return access.isOptional
      ? this.acceptOptionally(context, request, access)
      : this.accept(context, request, access, this.credentialsOf(request, context));
  }

  private accept(
    context: ExecutionContext,
    request: GuardedRequest,
    access: RouteAccess,
    credentials: string,
  ): boolean | Promise<boolean> {
    const verified = this.verifier.verifyCredentials(credentials);
    return verified instanceof Promise
      ? verified.then((principal) => this.authorize(context, request, principal, access))
      : this.authorize(context, request, verified, access);
  }

  private async acceptOptionally(
    context: ExecutionContext,
    request: GuardedRequest,
    access: RouteAccess,
  ): Promise<boolean> {
    try {
      const credentials = this.presentedCredentialsOf(request, context);
      if (credentials !== undefined) return await this.accept(context, request, access, credentials);
    } catch (error) {
      if (!access.ignoresInvalidTokens || !(error instanceof InvalidTokenError)) throw error;
    }
    // An object that stands for several messages may carry the result of an earlier one.
    if (request[ADMITTED] !== undefined) {
      Object.assign(request, { principal: undefined, user: undefined, [ADMITTED]: undefined });
    }
    return true;
  }

  /**
   * Returns the request whose `headers.authorization`, or other `tokenSources`, are read, and on which `principal` and
   * `user` are set: that of HTTP, or the one that the `Carrier` of the transport reads. An override may return its own
   * object: `@CurrentPrincipal()` and `@CurrentUser()` still find the result. If a message of a socket is not an
   * object, only its connection can carry the result, and the guard rejects the message if the override returns
   * another object.
   *
   * @throws UnsupportedContextError if no carrier accepts the context
   * @example
   * ```ts
   * protected override getRequest(context: ExecutionContext) {
   *   const request = super.getRequest(context);
   *   request.headers['authorization'] ??= request.headers['x-terminal-token'];
   *   return request;
   * }
   * ```
   */
  protected getRequest(context: ExecutionContext): GuardedRequest {
    // Faster than Nest's `switchToHttp`, which creates three functions per call.
    if (context.getType() === 'http') return context.getArgByIndex<GuardedRequest>(0);
    const carrier = carrierFor(this.verifier, context);
    if (carrier === undefined) throw loggedBeyondHttp(new UnsupportedContextError(context.getType()), context);
    return carrier.read(context);
  }

  private authorize(
    context: ExecutionContext,
    request: GuardedRequest,
    principal: Principal,
    access: RouteAccess,
  ): boolean | Promise<boolean> {
    if (access.hasRights) this.checkRights(access, principal);
    if (access.isForServices && principal.sessionId === undefined) {
      return this.admit(context, request, principal, undefined, access);
    }
    const user = this.mapper.map(principal);
    return isThenable(user)
      ? Promise.resolve(user).then((mapped) => this.resolveUser(context, request, principal, mapped, access))
      : this.resolveUser(context, request, principal, user, access);
  }

  private resolveUser(
    context: ExecutionContext,
    request: GuardedRequest,
    principal: Principal,
    user: unknown,
    access: RouteAccess,
  ): boolean | Promise<boolean> {
    if (user === undefined || user === null) return reject('the mapper returned no user');
    return this.admit(context, request, principal, user, access);
  }

  private admit(
    context: ExecutionContext,
    request: GuardedRequest,
    principal: Principal,
    user: unknown,
    access: RouteAccess,
  ): boolean | Promise<boolean> {
    this.attachUser(context, request, principal, user);
    return access.policies.length === 0 || this.checkPolicies(access, context, request);
  }

  private attachUser(context: ExecutionContext, request: GuardedRequest, principal: Principal, user: unknown): void {
    request.principal = principal;
    request.user = user;
    request[ADMITTED] = this.verifier;
    if (context.getType() === 'http') {
      const carrier = context.getArgByIndex<GuardedRequest>(0);
      // The decorators read Nest's request. Its credentials stay, because another guard may read them.
      if (carrier !== request) Object.assign(carrier, { principal, user });
    } else {
      const call = carrierFor(this.verifier, context)?.openCall(context);
      if (call !== undefined) openStreamsOf(this.verifier)?.trackCall(principal, call);
    }
  }

  private checkRights(access: RouteAccess, principal: Principal): void {
    if (access.isOwnIssuerOnly && !this.verifier.isOfOwnIssuer(principal)) {
      reject('the route accepts only tokens of its own issuer');
    }
    if (access.isWithoutImpersonation && principal.actor !== undefined) throw new ImpersonationNotAllowedError();
    this.rights.assertHeld(access, principal);
  }

  private async checkPolicies(
    access: RouteAccess,
    context: ExecutionContext,
    { principal, user }: GuardedRequest,
  ): Promise<true> {
    await this.rights.assertAllowed(access, principal!, context, user);
    return true;
  }

  /** The credentials, or `undefined` if the request presents none. */
  private presentedCredentialsOf(request: GuardedRequest, context: ExecutionContext): string | undefined {
    try {
      return this.credentialsOf(request, context);
    } catch (error) {
      if (error instanceof MissingTokenError) return undefined;
      throw error;
    }
  }

  private credentialsOf(request: GuardedRequest, context: ExecutionContext): string {
    if (request instanceof MessageRequest && request.raw === undefined) return bearerCredentialsOf(request);
    this.reader ??= credentialsReaderOf(this.verifier);
    return this.reader(request, context);
  }
}
