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

/** What is used of the socket of a gateway, of `ws` or of Socket.IO. */
interface SocketClient {
  readonly readyState: number;
  send(text: string): void;
  emit(event: string, problem: object): void;
}

/**
 * Answers everything that is thrown as `application/problem+json`, on Fastify and on Express alike. What is private
 * goes to the log under the request id: a failure with its stacks as an error; as a warning, in one line, what cannot be served at
 * the moment (503); and at the level `debug` the reason of a refusal, where its cause is a sentence.
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
    if (host.getType() === 'ws') return this.tell(host.switchToWs().getClient(), thrown);
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
    for (const [name, value] of Object.entries(headers)) adapter.setHeader(response, name, value);
    adapter.reply(response, JSON.stringify(body), status);
  }

  /**
   * For GraphQL, and whatever else may come: what a filter answers there is the result of the resolver, so only an error that is
   * thrown refuses. Its `extensions` are the problem, where a GraphQL client looks for a code.
   */
  private raise(thrown: unknown): never {
    // Made for the client already.
    if (thrown instanceof Error && thrown.name === 'GraphQLError') throw thrown;
    const problem = this.problemOfMessage(thrown);
    throw Object.assign(new Error(problem.detail ?? problem.title), { extensions: problem });
  }

  /** As Nest tells of an exception, by an event of that name, which says here what it was. */
  private tell(client: Partial<SocketClient>, thrown: unknown): void {
    const problem = this.problemOfMessage(thrown);
    // A WebSocket of `ws` has an `emit` too, but that one reaches nobody.
    if (typeof client.readyState === 'number') client.send?.(JSON.stringify({ event: 'exception', data: problem }));
    else client.emit?.('exception', problem);
  }

  /** What has no response to write to: its own layer gets the public part alone. */
  private problemOfMessage(thrown: unknown): Problem {
    const problem = problemOf(thrown, { requestId: requestIdOf({}), documentation: this.settings.documentation });
    this.report(thrown, problem, () => 'message');
    return problem;
  }

  private report(thrown: unknown, { status, code, instance }: Problem, place: () => string): void {
    if (thrown instanceof AuthError && thrown.isLogged === true) return;
    const inOneLine = (): string => `${code} ${place()} ${instance}`;
    if (status === 503) this.logger.warn(`${inOneLine()}${reasonsOf(thrown)}`);
    else if (status >= 500) this.logFailure(thrown, inOneLine());
    // An error as a cause may quote what the caller sent; a sentence was written here.
    else if (thrown instanceof AuthError && typeof thrown.cause === 'string') {
      this.logger.debug(`${inOneLine()}: ${thrown.cause}`);
    }
  }

  /** Stacks and no more: a driver's error holds the statement's parameters as properties, hashes among them. */
  private logFailure(thrown: unknown, line: string): void {
    const stacks = causesOf(thrown).map((error) => error.stack ?? String(error));
    if (stacks.length === 0) stacks.push(typeof thrown);
    this.logger.error(line, stacks.join('\ncaused by '));
  }
}

/** What was thrown and why, in one line: while something is away there is one a request. */
function reasonsOf(thrown: unknown): string {
  const causes = causesOf(thrown);
  const reasons: unknown[] = [...causes.map(({ message }) => message), causes.at(-1)?.cause];
  const sentences = reasons.filter((reason) => typeof reason === 'string').map((reason) => reason.replace(/\s+/g, ' '));
  return [...new Set(sentences)].map((sentence) => `: ${sentence.slice(0, 200)}`).join('');
}
