import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { HttpException } from '@nestjs/common';
import type { CanActivate, ExecutionContext, Type } from '@nestjs/common';
import { MalformedRequestError, NotFoundError } from 'postern/problem';
import { complaintAbout, MAX_HEADER_LINES } from './request-checks.js';
import { assertJson, hasNoBody } from './json/json-body.js';

/** The request of Express or Fastify. Each framework has some of the members. */
interface FrameworkRequest extends IncomingMessage {
  /** The request of Node, on Fastify. */
  readonly raw?: IncomingMessage;
  /** The matched route, on Express. */
  readonly route?: { readonly path?: unknown };
  /** The matched route, on Fastify. */
  readonly routeOptions?: { readonly url?: unknown };
}

/**
 * Protects Postern's routes on an HTTP adapter of the application: strict addresses, JSON bodies only, and `no-store`.
 * It ignores the routes of the application.
 */
export class OwnRoutesGuard implements CanActivate {
  constructor(private readonly controllers: ReadonlySet<Type>) {}

  /**
   * @throws NotFoundError if the path differs from the route in letter case or slashes
   * @throws MalformedRequestError if the head of the request is ambiguous
   * @throws HttpException 431 if the request has as many header lines as Node reads
   * @throws UnsupportedMediaTypeError if the body is not JSON in UTF-8
   */
  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http' || !this.controllers.has(context.getClass())) return true;
    const request = context.getArgByIndex<FrameworkRequest>(0);
    const response = context.getArgByIndex<ServerResponse & { readonly raw?: ServerResponse }>(1);
    // A handler may override the header, as the JWKS does.
    (response.raw ?? response).setHeader('Cache-Control', 'no-store');
    const raw = request.raw ?? request;
    // Node may have dropped a second Host or Content-Type behind them.
    if (raw.rawHeaders.length >= 2 * mostLinesOf(raw)) throw new HttpException({}, 431);
    const complaint = complaintAbout(raw);
    if (complaint !== undefined) throw new MalformedRequestError(complaint);
    if (!isSpeltAs(request.routeOptions?.url ?? request.route?.path, request.url ?? '/')) throw new NotFoundError();
    if (hasBody(raw)) assertJson(raw.headers);
    return true;
  }
}

/** Returns whether the path equals the declared route, apart from the parameters. */
function isSpeltAs(route: unknown, url: string): boolean {
  // Only a controller of the application, which replaces a shipped controller, has a pattern.
  if (typeof route !== 'string' || /[*{(?]/.test(route)) return true;
  const declared = route.split('/');
  const actual = url.split(/[?#]/, 1)[0]!.split('/');
  return (
    declared.length === actual.length &&
    declared.every((segment, at) => (segment.startsWith(':') ? actual[at] !== '' : actual[at] === segment))
  );
}

/** 0 of a server means that Node drops none. */
function mostLinesOf({ socket }: IncomingMessage): number {
  const { server } = socket as { readonly server?: Server };
  const most = server?.maxHeadersCount ?? MAX_HEADER_LINES;
  return most === 0 ? Number.POSITIVE_INFINITY : most;
}

function hasBody({ headers, method = 'GET' }: IncomingMessage): boolean {
  if (['GET', 'HEAD', 'TRACE'].includes(method)) return false;
  return !hasNoBody(headers);
}
