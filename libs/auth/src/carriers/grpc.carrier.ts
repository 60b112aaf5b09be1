import { of } from 'rxjs';
import { Carrier } from './carrier.js';
import { MessageRequest } from './message-request.js';
import type { ArgumentsHost, ExecutionContext } from '@nestjs/common';
import type { Problem } from 'postern/problem';
import type { GuardedRequest } from '../guard/guarded-request.js';
import type { OpenCall } from './carrier.js';

interface Metadata {
  get(name: string): unknown[];
  set(name: string, value: string | Buffer): void;
}

/** A call of `@grpc/grpc-js`. */
interface Call {
  readonly metadata: Metadata & { readonly constructor: new () => Metadata };
  sendMetadata(metadata: Metadata): void;
  emit(event: 'error', status: GrpcError): void;
  once(event: 'close' | 'cancelled' | 'finish', listener: () => void): void;
}

interface GrpcError {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

/** @see https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const STATUS_CODES: ReadonlyMap<number, number> = new Map([
  [400, 3], // INVALID_ARGUMENT
  [401, 16], // UNAUTHENTICATED
  [403, 7], // PERMISSION_DENIED
  [404, 5], // NOT_FOUND
  [409, 10], // ABORTED
  [429, 8], // RESOURCE_EXHAUSTED
  [503, 14], // UNAVAILABLE
]);
const INVALID_ARGUMENT = 3;
const INTERNAL = 13;

/**
 * Unary calls and streams of gRPC. The metadata `authorization` holds the token. A rejection has the status
 * `UNAUTHENTICATED` or `PERMISSION_DENIED`, and the problem as JSON in the metadata `problem-bin`.
 */
export class GrpcCarrier extends Carrier {
  override accepts(host: ArgumentsHost): boolean {
    return host.getType() === 'rpc' && callOf(host) !== undefined;
  }

  override read(context: ExecutionContext): GuardedRequest {
    const values = callOf(context)!.metadata.get('authorization');
    return new MessageRequest(values.length > 1 ? values : values[0]);
  }

  override reject(problem: Problem, host: ArgumentsHost): unknown {
    const call = callOf(host)!;
    if (!ownsCall(host)) return super.reject(errorOf(problem, call) as never, host);
    // Nest does not handle the rejection of a handler that owns its call, and Node would exit.
    const answer = host.getArgByIndex<((error: GrpcError) => void) | undefined>(1);
    if (typeof answer === 'function') answer(errorOf(problem, call));
    else call.emit('error', errorOf(problem, call));
    return of(undefined);
  }

  /** A handler with `@GrpcStreamCall()` writes to its call, so only the call can end it. */
  override openCall(context: ExecutionContext): OpenCall | undefined {
    const call = callOf(context)!;
    if (!ownsCall(context)) return undefined;
    return {
      target: call,
      end: (problem) => call.emit('error', errorOf(problem, call)),
      onceEnded: (ended) => (['close', 'cancelled', 'finish'] as const).forEach((event) => call.once(event, ended)),
    };
  }
}

/** Nest passes the call as the third argument, and as the first one to a handler with `@GrpcStreamCall()`. */
function callOf(host: ArgumentsHost): Call | undefined {
  const [first, , third] = host.getArgs<[unknown, unknown, unknown]>();
  return [third, first].find(isCall);
}

function ownsCall(host: ArgumentsHost): boolean {
  return isCall(host.getArgByIndex(0)) && !isCall(host.getArgByIndex(2));
}

function isCall(value: unknown): value is Call {
  const { sendMetadata, metadata } = Object(value) as Partial<Call>;
  return typeof sendMetadata === 'function' && typeof metadata?.get === 'function';
}

function errorOf(problem: Problem, { metadata }: Call): GrpcError {
  const trailers = new metadata.constructor();
  trailers.set('problem-bin', Buffer.from(JSON.stringify(problem)));
  const code = STATUS_CODES.get(problem.status) ?? (problem.status < 500 ? INVALID_ARGUMENT : INTERNAL);
  return { code, details: `${problem.code}: ${problem.title}`, metadata: trailers };
}
