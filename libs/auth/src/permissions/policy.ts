import type { ExecutionContext, Type } from '@nestjs/common';
import type { Principal } from '../guard/principal.js';

/** The request that a policy decides about, the same on every transport. */
export interface PolicyContext {
  /** The path parameters of an HTTP request, or the arguments of a GraphQL operation. */
  readonly params: Readonly<Record<string, unknown>>;
  /** The query parameters of an HTTP request. */
  readonly query: Readonly<Record<string, unknown>>;
  /**
   * The body of an HTTP request, or the data of a message. Pipes run after guards, so it is neither validated nor
   * transformed.
   */
  readonly body: unknown;
  /** The value of `@CurrentUser()`; undefined for a service on a route with `@ForServices()`. */
  readonly user: unknown;
  /** The method that handles the request. */
  readonly handler: ReturnType<ExecutionContext['getHandler']>;
  /** The class of the method. */
  readonly controller: Type;
  /** Nest's context, for all other data of the request. */
  readonly execution: ExecutionContext;
}

/**
 * Decides whether a principal may send a request: a rule that depends on data, such as the owner of a row. Extend it,
 * add the class to the providers of your module, and put `@UsePolicy(YourPolicy)` on a route.
 *
 * The guard calls it after it has checked the token, the scopes, the permissions, and the roles. An error that it
 * throws rejects the request; throw your own `AuthError`, such as a 404, to hide a row.
 *
 * @example
 * ```ts
 * \@Injectable()
 * export class InvoiceOwnerPolicy extends Policy {
 *   constructor(private readonly invoices: InvoicesService) { super(); }
 *   override async may({ subject }: Principal, { params }: PolicyContext) {
 *     return (await this.invoices.ownerOf(String(params.id))) === subject;
 *   }
 * }
 * ```
 */
export abstract class Policy {
  /** Returns true to allow the request. Any other value rejects it with 403 `policy-denied`. */
  abstract may(principal: Principal, context: PolicyContext): boolean | Promise<boolean>;
}

/** Reads the context of a policy from the arguments that Nest passes to the handler. */
export function policyContextOf(execution: ExecutionContext, user: unknown): PolicyContext {
  const [first, second] = execution.getArgs<[unknown, unknown]>();
  return {
    ...inputOf(execution.getType<string>(), first, second),
    user,
    handler: execution.getHandler(),
    controller: execution.getClass(),
    execution,
  };
}

type Input = Pick<PolicyContext, 'params' | 'query' | 'body'>;

function inputOf(transport: string, first: unknown, second: unknown): Input {
  switch (transport) {
    case 'http': {
      const { params, query, body } = first as Partial<Input>;
      return { params: params ?? {}, query: query ?? {}, body };
    }
    case 'graphql':
      return { params: (second ?? {}) as Input['params'], query: {}, body: undefined };
    case 'ws':
      return { params: {}, query: {}, body: second };
    default:
      return { params: {}, query: {}, body: first };
  }
}
