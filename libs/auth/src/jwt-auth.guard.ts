import { Inject, Injectable } from '@nestjs/common';
import { OfThisCopy } from 'postern/problem';
import { AccessTokenVerifier, refusalOf } from './access-token-verifier.js';
import { InsufficientScopeError, UnsupportedContextError } from './auth.errors.js';
import { bearerCredentialsOf, tokenIn } from './bearer-token.js';
import { noteRequestOf } from './guarded-message.js';
import { ReadsTokens } from './has-guard.js';
import { JwtStrategy, PresentedToken } from './jwt.strategy.js';
import { PrincipalMapper } from './principal-mapper.js';
import { isThenable } from './is-thenable.js';
import { OpenStreams } from './open-streams.js';
import { refuse } from './read-access-token.js';
import { routeAccess } from './route-access.js';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { CredentialsCarrier } from './bearer-token.js';
import type { Principal } from './principal.js';
import type { RouteAccess } from './route-access.js';

/** Which verifier has admitted the request: a symbol of our own, so no body or header can bring it along. */
const ADMITTED = Symbol('admitted by JwtAuthGuard');

/** A request as the guard leaves it. */
export interface GuardedRequest extends CredentialsCarrier {
  principal?: Principal;
  user?: unknown;
  [ADMITTED]?: AccessTokenVerifier;
}

/** @see https://www.passportjs.org/packages/passport-strategy/, "Augmented Methods" */
interface ReportingStrategy {
  success: (principal: Principal) => void;
  fail: (reason: unknown) => void;
  error: (reason: unknown) => void;
  authenticate: (token: PresentedToken) => void;
}

/**
 * Lets a request pass whose bearer token is proven and carries the scopes of the route, and sets `request.principal` and
 * `request.user`. Global and closed by default; `@UseGuards(JwtAuthGuard)` puts it before single controllers.
 *
 * A token is proven through passport the first two times and then remembered; every further use looks at its time, its revocations
 * and its key, without waiting.
 *
 * @throws MissingTokenError, InvalidTokenError, InsufficientScopeError, UnsupportedContextError; RevocationsUnknownError and
 *   ServiceUnavailableError where nobody can tell
 * @see RFC 6750, RFC 9068 §4
 */
@OfThisCopy()
@ReadsTokens()
@Injectable()
export class JwtAuthGuard implements CanActivate {
  // No parameter of the constructor, which subclasses call.
  @Inject(OpenStreams) private readonly streams!: OpenStreams;

  constructor(
    private readonly verifier: AccessTokenVerifier,
    private readonly strategy: JwtStrategy,
    private readonly mapper: PrincipalMapper,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const access = routeAccess(context.getHandler(), context.getClass());
    if (access.isPublic) return true;
    const request = this.getRequest(context);
    if (context.getType() !== 'http') {
      // A socket, and what a subscription holds, outlives its token: it is asked for again.
      noteRequestOf(context, request);
    } else if (request[ADMITTED] === this.verifier && request.principal !== undefined) {
      this.require(access, request.principal);
      return true;
    } else {
      this.streams.addResponse(context, request);
    }
    const credentials = bearerCredentialsOf(request);
    const remembered = this.verifier.rememberedBy(credentials);
    if (remembered !== undefined) return this.admit(request, remembered, access);
    const proven = this.prove(tokenIn(credentials));
    return proven instanceof Promise
      ? proven.then((principal) => this.admit(request, principal, access))
      : this.admit(request, proven, access);
  }

  /**
   * The request whose `headers.authorization` is read, and on which `principal` and `user` are set.
   *
   * @throws UnsupportedContextError for anything but HTTP: what the guard cannot read stays shut
   * @example
   * \@Injectable()
   * class GraphqlJwtAuthGuard extends JwtAuthGuard {
   *   protected override getRequest(context: ExecutionContext) {
   *     return GqlExecutionContext.create(context).getContext().req;
   *   }
   * }
   * @example
   * // Of a message that is no object, a socket's handler finds the result only where this is the client itself.
   * const { token } = context.switchToWs().getData<{ token: string }>();
   * return { headers: { authorization: `Bearer ${token}` } };
   */
  protected getRequest(context: ExecutionContext): GuardedRequest {
    if (context.getType() !== 'http') throw new UnsupportedContextError(context.getType());
    // Nest's `switchToHttp` makes three functions at each call, and the first of them answers this.
    return context.getArgByIndex<GuardedRequest>(0);
  }

  /** Waits only where the key has to be fetched. */
  private prove(text: string): Principal | Promise<Principal> {
    let proven: Principal | undefined;
    let refusal: Error | undefined;
    let waiting: { resolve: (principal: Principal) => void; reject: (refusal: Error) => void } | undefined;
    // A strategy reports to the functions that passport hangs onto a copy of it. This is all of passport that a bearer token
    // needs: what its middleware adds is for sessions, redirects and chains of strategies.
    const strategy = Object.create(this.strategy) as ReportingStrategy;
    strategy.success = (principal) => (waiting ? waiting.resolve(principal) : (proven = principal));
    strategy.fail = strategy.error = (reason) =>
      waiting ? waiting.reject(refusalOf(reason)) : (refusal = refusalOf(reason));
    strategy.authenticate(new PresentedToken(text));
    if (refusal !== undefined) throw refusal;
    return proven ?? new Promise((resolve, reject) => (waiting = { resolve, reject }));
  }

  private admit(request: GuardedRequest, principal: Principal, access: RouteAccess): boolean | Promise<boolean> {
    this.require(access, principal);
    if (access.isForServices && principal.sessionId === undefined) return this.enter(request, principal, undefined);
    const user = this.mapper.map(principal);
    return isThenable(user)
      ? Promise.resolve(user).then((one) => this.open(request, principal, one))
      : this.open(request, principal, user);
  }

  private open(request: GuardedRequest, principal: Principal, user: unknown): true {
    if (user === undefined || user === null) return refuse('the mapper knows no such user');
    return this.enter(request, principal, user);
  }

  private enter(request: GuardedRequest, principal: Principal, user: unknown): true {
    request.principal = principal;
    request.user = user;
    request[ADMITTED] = this.verifier;
    return true;
  }

  private require({ scopes, isOwnIssuerOnly }: RouteAccess, principal: Principal): void {
    if (isOwnIssuerOnly && !this.verifier.isOfOwnIssuer(principal)) refuse('the route is for tokens of its own issuer');
    for (const scope of scopes) {
      if (!principal.scopes.includes(scope)) throw new InsufficientScopeError(scopes);
    }
  }
}
