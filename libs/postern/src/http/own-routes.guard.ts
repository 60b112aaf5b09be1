import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { HttpException } from '@nestjs/common';
import type { CanActivate, ExecutionContext, Type } from '@nestjs/common';
import { MalformedRequestError, NotFoundError } from 'postern/problem';
import { complaintAbout, MAX_HEADER_LINES } from './request-checks.js';
import { assertJson } from './json/json-body.js';

/** What Express and Fastify have of a request, of which each has another half. */
interface FrameworkRequest extends IncomingMessage {
  /** Node's own request below Fastify's. */
  readonly raw?: IncomingMessage;
  /** On Express, the route that was found. */
  readonly route?: { readonly path?: unknown };
  /** On Fastify, the route that was found. */
  readonly routeOptions?: { readonly url?: unknown };
}

/**
 * Protects Postern's own routes on an HTTP adapter of the application: strict addresses, JSON bodies alone, and no answer in a cache.
 * It does not look at the application's own routes.
 */
export class OwnRoutesGuard implements CanActivate {
  constructor(private readonly controllers: ReadonlySet<Type>) {}

  /**
   * @throws NotFoundError if the address differs from the route in the case of a letter or by a slash
   * @throws MalformedRequestError if the head of the request can be read in two ways
   * @throws HttpException 431 if the request has as many header lines as Node reads
   * @throws UnsupportedMediaTypeError if the body is not JSON in UTF-8
   */
  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http' || !this.controllers.has(context.getClass())) return true;
    const request = context.getArgByIndex<FrameworkRequest>(0);
    const response = context.getArgByIndex<ServerResponse & { readonly raw?: ServerResponse }>(1);
    // The handler may say otherwise, as that of the JWKS does.
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

/** Whether the address is spelt as its route is declared, apart from the parameters. */
function isSpeltAs(route: unknown, url: string): boolean {
  // A route with a pattern is one of the team's, in a controller that replaces a shipped one.
  if (typeof route !== 'string' || /[*{(?]/.test(route)) return true;
  const declared = route.split('/');
  const given = url.split(/[?#]/, 1)[0]!.split('/');
  return (
    declared.length === given.length &&
    declared.every((segment, at) => (segment.startsWith(':') ? given[at] !== '' : given[at] === segment))
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
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
