import 'reflect-metadata';
import { SetMetadata } from '@nestjs/common';
import { hasGuard } from './has-guard.js';
import { isScopeToken } from './scope-token.js';
import type { ExecutionContext } from '@nestjs/common';

const PUBLIC = 'postern:public';
const SCOPES = 'postern:scopes';
const OWN_ISSUER = 'postern:own-issuer';
const FOR_SERVICES = 'postern:for-services';

/** A controller's class. */
type Controller = ReturnType<ExecutionContext['getClass']>;
/** A route's method. */
type Handler = ReturnType<ExecutionContext['getHandler']>;

/** What the guard asks of a route. */
export interface RouteAccess {
  readonly isPublic: boolean;
  /** Every one of them is required. */
  readonly scopes: readonly string[];
  /** Whether tokens of further issuers are refused. */
  readonly isOwnIssuerOnly: boolean;
  /** Whether a token without a session needs no user. */
  readonly isForServices: boolean;
}

/**
 * Opens a route, or every route of a controller, to everybody. A method that requires scopes, or has the guard before it
 * by `@UseGuards`, stays shut in an open controller.
 *
 * @example
 * \@Public()
 * \@Get('prices')
 * prices() {}
 */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(PUBLIC, true);

/**
 * Requires every one of the scopes, of the method, of its controller and of the classes that this one extends together; whoever lacks
 * one gets 403 `insufficient-scope`. Written several times, as inside of a decorator of yours, each of them counts.
 *
 * @throws Error at load where a scope is not a scope token
 * @see RFC 6749 §3.3
 * @example
 * \@RequireScopes('orders:read')
 * \@Get('orders')
 * orders() {}
 */
export const RequireScopes = (...scopes: string[]): MethodDecorator & ClassDecorator => {
  const malformed = scopes.find((scope) => !isScopeToken(scope));
  if (scopes.length === 0 || malformed !== undefined) {
    throw new Error(`@RequireScopes needs scope tokens such as "orders:read"; "${malformed ?? ''}" is none.`);
  }
  return (target: object, _property?: string | symbol, descriptor?: PropertyDescriptor): void => {
    const marked = (descriptor?.value ?? target) as object;
    // What stands beside it may not be lost; what the classes have that a controller extends is read of them.
    const beside = (Reflect.getOwnMetadata(SCOPES, marked) as string[] | undefined) ?? [];
    Reflect.defineMetadata(SCOPES, [...beside, ...scopes], marked);
  };
};

/**
 * Refuses the tokens of further `issuers` with 401: for routes that take the subject for a user of this application, or a scope for
 * its own to give. Another issuer may write any subject and any scope. The routes that Postern brings are all such.
 *
 * @example
 * \@OwnIssuerOnly()
 * \@Controller('account')
 */
export const OwnIssuerOnly = (): MethodDecorator & ClassDecorator => SetMetadata(OWN_ISSUER, true);

/**
 * Lets services in, whose tokens have no session, without asking the `PrincipalMapper`, which knows users: `@CurrentUser()` is undefined for
 * them. Token and scopes are required as everywhere. Of the routes that Postern brings, the feed of revocations and the
 * administration are such.
 *
 * @example
 * \@ForServices()
 * \@RequireScopes('orders:export')
 * \@Controller('export')
 */
export const ForServices = (): MethodDecorator & ClassDecorator => SetMetadata(FOR_SERVICES, true);

const known = new WeakMap<Controller, WeakMap<Handler, RouteAccess>>();

/**
 * What the guard asks of the route; read from the decorators once, and then from memory.
 *
 * @throws Error for a function that no decorator has marked, of a controller that asks more of some methods: it may stand for one of
 *   them. Boot fails with such a one where the object is made once; one that is made for each request is seen here only.
 */
export function routeAccess(handler: Handler, controller: Controller): RouteAccess {
  let routes = known.get(controller);
  if (routes === undefined) known.set(controller, (routes = new WeakMap()));
  let access = routes.get(handler);
  if (access === undefined) routes.set(handler, (access = readAccess(handler, controller)));
  return access;
}

/** Whether the guard lets everybody in. */
export function isPublic(handler: Handler, controller: Controller): boolean {
  return routeAccess(handler, controller).isPublic;
}

/** The scopes that the guard requires, each once. */
export function scopesOf(handler: Handler, controller: Controller): readonly string[] {
  return routeAccess(handler, controller).scopes;
}

function assertIsMethod(handler: Handler, controller: Controller): void {
  if (Reflect.getMetadataKeys(handler).length > 0) return;
  for (let prototype = controller.prototype as object | null; prototype; prototype = Object.getPrototypeOf(prototype)) {
    for (const { value } of Object.values(Object.getOwnPropertyDescriptors(prototype))) {
      if (typeof value !== 'function' || value === controller) continue;
      if (![SCOPES, OWN_ISSUER].some((word) => Reflect.hasMetadata(word, value)) && !hasGuard(value)) continue;
      throw new Error(
        `AuthModule: ${controller.name} runs a function that was put into the object, without the decorators of the method that it ` +
          'stands for. Write it as a method.',
      );
    }
  }
}

/** A class that asks for more cannot mean to open what the one that it extends asks for. */
function scopesOfClass(controller: Controller): string[] {
  const scopes: string[] = [];
  for (let owner: object | null = controller; owner; owner = Object.getPrototypeOf(owner) as object | null) {
    scopes.unshift(...((Reflect.getOwnMetadata(SCOPES, owner) as string[] | undefined) ?? []));
  }
  return scopes;
}

function readAccess(handler: Handler, controller: Controller): RouteAccess {
  assertIsMethod(handler, controller);
  const ofHandler = (Reflect.getMetadata(SCOPES, handler) as string[] | undefined) ?? [];
  const ofController = scopesOfClass(controller);
  const isOwnMethod = Reflect.getMetadata(OWN_ISSUER, handler) === true;
  const isOwnController = Reflect.getMetadata(OWN_ISSUER, controller) === true;
  // Of two decorators that contradict each other the nearer one counts, and on the same level the one that shuts.
  const isShutMethod = ofHandler.length > 0 || isOwnMethod || hasGuard(handler);
  const isOpenMethod = Reflect.getMetadata(PUBLIC, handler) === true && !isShutMethod;
  const isOpenController =
    Reflect.getMetadata(PUBLIC, controller) === true && !isShutMethod && ofController.length === 0 && !isOwnController;
  return isOpenMethod || isOpenController
    ? { isPublic: true, scopes: [], isOwnIssuerOnly: false, isForServices: false }
    : {
        isPublic: false,
        scopes: [...new Set([...ofController, ...ofHandler])],
        isOwnIssuerOnly: isOwnMethod || isOwnController,
        isForServices: [handler, controller].some((one) => Reflect.getMetadata(FOR_SERVICES, one) === true),
      };
}
