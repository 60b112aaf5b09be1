import { Socket } from 'node:net';
import type { ServerResponse } from 'node:http';
import type { ExecutionContext } from '@nestjs/common';
import { endsWithToken } from './ends-with-token.decorator.js';
import type { GuardedRequest } from '../guard/guarded-request.js';
import type { OpenStream } from './open-stream.js';
import type { Principal } from '../guard/principal.js';

const GUARDED = Symbol('response of a request that JwtAuthGuard has seen');

/** Node's own names; the text of the head is the one place that also has what was passed to `writeHead`. */
interface NodeResponse extends ServerResponse {
  readonly _header?: string | null;
  [GUARDED]?: GuardedResponse;
}

/** Node keeps the answer that is being written on a connection here: the next one of a pipeline follows when it has ended. */
interface HttpSocket extends Socket {
  readonly _httpMessage?: NodeResponse | null;
}

const EVENT_STREAM = /^content-type: *text\/event-stream/im;
const FINITE = /^(?:content-length:|content-disposition: *attachment)/im;

/** The answer to one request that the guard has seen. */
export class GuardedResponse implements OpenStream {
  constructor(
    private readonly request: GuardedRequest,
    private readonly response: NodeResponse,
    private readonly context: ExecutionContext,
  ) {}

  /** `undefined` unless the guard has admitted the request. */
  get principal(): Principal | undefined {
    return this.request.principal;
  }

  /** What has not begun is an ordinary answer, perhaps to the log-out itself; what is handed over is over. */
  get isBeingWritten(): boolean {
    const { headersSent, writableEnded, destroyed } = this.response;
    return headersSent && !writableEnded && !destroyed && this.rule !== false;
  }

  get endsAtExpiry(): boolean {
    return this.rule ?? !FINITE.test(this.response._header ?? '');
  }

  /**
   * Ends the answer as if the client had left, which every handler has to expect: a write after a mere `end` would be an error that
   * nobody catches. Only events may look complete; half of a file must not.
   */
  end(): void {
    if (EVENT_STREAM.test(this.response._header ?? '')) this.response.end();
    this.response.destroy();
  }

  private get rule(): boolean | undefined {
    return endsWithToken(this.context.getHandler(), this.context.getClass());
  }
}

/** Finds the answers that are being written, by the connections: a request costs one object, and no listener. */
export class GuardedResponses {
  private readonly sockets = new Set<HttpSocket>();

  /** Remembers the answer of a request that the guard sees. */
  add(context: ExecutionContext, request: GuardedRequest): void {
    // Express's response is Node's; Fastify's has it as `raw`.
    const answer = context.getArgByIndex<(NodeResponse & { raw?: NodeResponse }) | undefined>(1);
    const response = answer?.raw ?? answer;
    // Of the request: an answer that waits behind another one on its connection has no socket yet.
    const socket: HttpSocket | null | undefined = response?.req?.socket;
    if (response === undefined || !socket) return;
    response[GUARDED] = new GuardedResponse(request, response, context);
    // What `inject` of Fastify makes up never closes.
    if (this.sockets.has(socket) || !(socket instanceof Socket)) return;
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
  }

  /** Those that are being written now. */
  *open(): Generator<GuardedResponse> {
    for (const { _httpMessage: response } of this.sockets) {
      const guarded = response?.[GUARDED];
      if (guarded?.isBeingWritten) yield guarded;
    }
  }
}
