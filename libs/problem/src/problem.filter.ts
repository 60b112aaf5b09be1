import { Catch, Inject, Injectable, Logger, Optional } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { throwError } from 'rxjs';
import type { Observable } from 'rxjs';
import { AuthError } from './auth-error.js';
import { MODULE_OPTIONS_TOKEN } from './problem.module-definition.js';
import type { Problem } from './problem.js';
import type { ProblemSettings } from './problem.module-definition.js';
import { answerOf, causesOf, problemOf } from './problem-of.js';
import { requestIdOf } from './request-id.js';
import { hasHeader } from './answers/response-headers.js';

/** The headers that describe the problem itself. Other headers stay as they were set before the throw. */
const OF_THE_PROBLEM: ReadonlySet<string> = new Set(['Cache-Control', 'Content-Type']);

/** The members of a `ws` or Socket.IO socket that the filter uses. */
interface SocketClient {
  readonly readyState: number;
  send(text: string): void;
  emit(event: string, problem: object): void;
}

/**
 * Sends each thrown error as `application/problem+json`, on Fastify and on Express. The filter logs the private part
 * under the request id: a failure as an error with its stacks, a 503 as a warning in one line, and the cause of a
 * rejection at the level `debug` if the cause is a string.
 * @see RFC 9457
 */
@Injectable()
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Problem');

  constructor(
    private readonly adapterHost: HttpAdapterHost,
    @Optional() @Inject(MODULE_OPTIONS_TOKEN) private readonly settings: ProblemSettings = {},
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void | Observable<never> {
    if (host.getType() === 'ws') return this.emit(host.switchToWs().getClient(), thrown);
    if (host.getType() === 'rpc') return throwError(() => this.problemOfMessage(thrown));
    if (host.getType() !== 'http') return this.raise(thrown);

    const adapter = this.adapterHost.httpAdapter;
    const request = host.getArgByIndex<object>(0);
    const response = host.getArgByIndex<object>(1);
    const context = { requestId: requestIdOf(request), documentation: this.settings.documentation };
    const { status, headers, body } = answerOf(thrown, context);
    this.report(thrown, body, () => {
      const path = String(adapter.getRequestUrl(request)).split('?', 1)[0];
      return `${adapter.getRequestMethod(request)} ${path}`;
    });
    if (adapter.isHeadersSent(response)) return void adapter.end(response);
    adapter.setHeader(response, 'X-Request-Id', context.requestId);
    for (const [name, value] of Object.entries(headers)) {
      if (OF_THE_PROBLEM.has(name) || !hasHeader(response, name)) adapter.setHeader(response, name, value);
    }
    adapter.reply(response, JSON.stringify(body), status);
  }

  /**
   * For GraphQL and other contexts: there the return value of a filter becomes the result of the resolver, so the
   * filter throws. A GraphQL client finds the code in `extensions`, which is the problem.
   */
  private raise(thrown: unknown): never {
    // A GraphQLError is already public.
    if (thrown instanceof Error && thrown.name === 'GraphQLError') throw thrown;
    const problem = this.problemOfMessage(thrown);
    throw Object.assign(new Error(problem.detail ?? problem.title), { extensions: problem });
  }

  /** Sends the problem as the event `exception`, as Nest does. */
  private emit(client: Partial<SocketClient>, thrown: unknown): void {
    const problem = this.problemOfMessage(thrown);
    // A `ws` socket also has `emit`, but that does not send anything to the client.
    if (typeof client.readyState === 'number') client.send?.(JSON.stringify({ event: 'exception', data: problem }));
    else client.emit?.('exception', problem);
  }

  /** The public part of an error for a transport without an HTTP response. Logs the private part. */
  protected problemOfMessage(thrown: unknown): Problem {
    const problem = problemOf(thrown, { requestId: requestIdOf({}), documentation: this.settings.documentation });
    this.report(thrown, problem, () => 'message');
    return problem;
  }

  private report(thrown: unknown, { status, code, instance }: Problem, place: () => string): void {
    if (thrown instanceof AuthError && thrown.isLogged === true) return;
    const inOneLine = (): string => `${code} ${place()} ${instance}`;
    if (status === 503) this.logger.warn(`${inOneLine()}${reasonsOf(thrown)}`);
    else if (status >= 500) this.logFailure(thrown, inOneLine());
    // A cause that is an error may quote the request; a string was written by the application.
    else if (thrown instanceof AuthError && typeof thrown.cause === 'string') {
      this.logger.debug(`${inOneLine()}: ${thrown.cause}`);
    }
  }

  /** Logs only stacks: the error of a database driver has the query parameters, such as hashes, as properties. */
  private logFailure(thrown: unknown, line: string): void {
    const stacks = causesOf(thrown).map((error) => error.stack ?? String(error));
    if (stacks.length === 0) stacks.push(typeof thrown);
    this.logger.error(line, stacks.join('\ncaused by '));
  }
}

/** The error and its causes in one line, because each request logs it during an outage. */
function reasonsOf(thrown: unknown): string {
  const causes = causesOf(thrown);
  const reasons: unknown[] = [...causes.map(({ message }) => message), causes.at(-1)?.cause];
  const sentences = reasons.filter((reason) => typeof reason === 'string').map((reason) => reason.replace(/\s+/g, ' '));
  return [...new Set(sentences)].map((sentence) => `: ${sentence.slice(0, 200)}`).join('');
}
