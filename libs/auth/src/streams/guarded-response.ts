import { Socket } from 'node:net';
import type { ServerResponse } from 'node:http';
import type { ExecutionContext } from '@nestjs/common';
import { endsWithToken } from './ends-with-token.decorator.js';
import type { GuardedRequest } from '../guard/guarded-request.js';
import type { OpenStream } from './open-stream.js';
import type { Principal } from '../guard/principal.js';

const GUARDED = Symbol('response of a request that JwtAuthGuard has seen');

/** Node's private names. Only the text of the head contains the headers that were passed to `writeHead`. */
interface NodeResponse extends ServerResponse {
  readonly _header?: string | null;
  [GUARDED]?: GuardedResponse;
}

/** Node keeps the current response of a connection here. The next response of a pipeline follows when it has ended. */
interface HttpSocket extends Socket {
  readonly _httpMessage?: NodeResponse | null;
}

const EVENT_STREAM = /^content-type: *text\/event-stream/im;
const FINITE = /^(?:content-length:|content-disposition: *attachment)/im;

/** The response to a request that the guard has checked. */
export class GuardedResponse implements OpenStream {
  constructor(
    private readonly request: GuardedRequest,
    private readonly response: NodeResponse,
    private readonly context: ExecutionContext,
  ) {}

  /** `undefined` unless the guard has accepted the request. */
  get principal(): Principal | undefined {
    return this.request.principal;
  }

  /** A response that has not begun is not a stream: it may be the response to the logout itself. */
  get isBeingWritten(): boolean {
    const { headersSent, writableEnded, destroyed } = this.response;
    return headersSent && !writableEnded && !destroyed && this.rule !== false;
  }

  get endsAtExpiry(): boolean {
    return this.rule ?? !FINITE.test(this.response._header ?? '');
  }

  /**
   * Ends the response as if the client had disconnected, which every handler must expect: a write after a mere `end`
   * would be an uncaught error. An event stream ends cleanly. Any other response is cut off, so that half a file does
   * not look complete.
   */
  end(): void {
    if (EVENT_STREAM.test(this.response._header ?? '')) this.response.end();
    this.response.destroy();
  }

  private get rule(): boolean | undefined {
    return endsWithToken(this.context.getHandler(), this.context.getClass());
  }
}

/** Finds the responses that are being written, by their connections. A request costs one object and no listener. */
export class GuardedResponses {
  private readonly sockets = new Set<HttpSocket>();

  /** Records the response to a request that the guard checks. */
  add(context: ExecutionContext, request: GuardedRequest): void {
    // Express passes Node's response. Fastify has it as `raw`.
    const reply = context.getArgByIndex<(NodeResponse & { raw?: NodeResponse }) | undefined>(1);
    const response = reply?.raw ?? reply;
    // The socket of the request: a response that waits behind another one in a pipeline has no socket yet.
    const socket: HttpSocket | null | undefined = response?.req?.socket;
    if (response === undefined || !socket) return;
    response[GUARDED] = new GuardedResponse(request, response, context);
    // The fake socket of Fastify's `inject` never closes.
    if (this.sockets.has(socket) || !(socket instanceof Socket)) return;
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
  }

  /** The responses that are being written now. */
  *open(): Generator<GuardedResponse> {
    for (const { _httpMessage: response } of this.sockets) {
      const guarded = response?.[GUARDED];
      if (guarded?.isBeingWritten) yield guarded;
    }
  }
}
