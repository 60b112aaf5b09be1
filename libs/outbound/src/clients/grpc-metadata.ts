import { defer, mergeMap } from 'rxjs';
import type { Observable } from 'rxjs';
import type { CallCredentials } from '../services/service-credentials.js';

type GrpcMethod = (request: unknown, ...rest: unknown[]) => Observable<unknown>;

/** Returns the service of a `ClientGrpc` with the token in the metadata `authorization` of each call. */
export function grpcServiceWithTokens(service: object, callOf: () => CallCredentials): object {
  const methods = Object.entries(service as Record<string, GrpcMethod>).map(([name, method]) => [
    name,
    methodWithToken(method, callOf),
  ]);
  return Object.fromEntries(methods) as object;
}

/** Nest takes the metadata as the second argument, and options of the call behind them. */
function methodWithToken(method: GrpcMethod, callOf: () => CallCredentials): GrpcMethod {
  return (request, ...rest) => {
    const call = callOf();
    return defer(async () => {
      const [authorization, { Metadata }] = await Promise.all([call.authorization(), import('@grpc/grpc-js')]);
      const [first, ...options] = rest;
      const metadata = first instanceof Metadata ? first.clone() : new Metadata();
      metadata.set('authorization', authorization);
      return method(request, metadata, ...(first instanceof Metadata || first === undefined ? options : rest));
    }).pipe(mergeMap((answer) => answer));
  };
}
