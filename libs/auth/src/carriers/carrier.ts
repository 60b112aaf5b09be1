import { throwError } from 'rxjs';
import type { ArgumentsHost, ExecutionContext } from '@nestjs/common';
import type { Problem } from 'postern/problem';
import type { GuardedRequest } from '../guard/guarded-request.js';

/** A call or a connection that stays open after the guard has accepted it. */
export interface OpenCall {
  /** The object that identifies the call or the connection, such as a socket. */
  readonly target: object;
  /** Ends it, because its token has expired or is revoked. */
  end(problem: Problem): void;
  /** Calls the function once, when it has ended for any reason. */
  onceEnded(ended: () => void): void;
}

/**
 * Says where a transport holds the access token, and how it expresses a rejection. `JwtAuthGuard` uses the first
 * carrier that accepts the execution context: those of the application, then those of Postern. It rejects a context
 * that no carrier accepts.
 *
 * A carrier reads contexts by their shape, so it imports no transport.
 *
 * @example
 * ```ts
 * \@Injectable()
 * export class SqsCarrier extends Carrier {
 *   override accepts(host: ArgumentsHost) {
 *     return host.getType() === 'rpc' && host.switchToRpc().getContext() instanceof SqsContext;
 *   }
 *   override read(context: ExecutionContext) {
 *     const { MessageAttributes } = context.switchToRpc().getContext<SqsContext>().getMessage();
 *     return new MessageRequest(MessageAttributes?.authorization?.StringValue);
 *   }
 * }
 * // AuthModule.forRoot({ issuer, audience, carriers: [SqsCarrier] })
 * ```
 */
export abstract class Carrier {
  /** Whether the context is of the transport of this carrier. */
  abstract accepts(host: ArgumentsHost): boolean;

  /**
   * Returns the request that holds the token: a `MessageRequest`, or a request of HTTP, in which the guard reads the
   * `tokenSources` of the settings. The guard calls this once per message, and sets `principal` and `user` on the
   * result.
   */
  abstract read(context: ExecutionContext): GuardedRequest;

  /**
   * Expresses a rejection. The return value takes the place of the result of the handler. By default, the client gets
   * the problem as the error of the call.
   */
  reject(problem: Problem, _host: ArgumentsHost): unknown {
    return throwError(() => problem);
  }

  /** Returns the call if it stays open after its token was verified. By default, no call does. */
  openCall(_context: ExecutionContext): OpenCall | undefined {
    return undefined;
  }
}
