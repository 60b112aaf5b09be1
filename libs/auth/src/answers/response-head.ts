/** The response of Express or Fastify. Fastify has the response of Node in `raw`. */
export interface FrameworkResponse {
  statusCode: number;
  getHeader(name: string): unknown;
  header(name: string, value: unknown): unknown;
  removeHeader(name: string): unknown;
  readonly headersSent?: boolean;
  readonly sent?: boolean;
  readonly raw?: { getHeader(name: string): unknown; removeHeader(name: string): unknown };
}

/** The parts of a response's head that describe its body and who may store it. */
const HEADERS = ['Cache-Control', 'Content-Type'];

/** The status and headers of a response at one moment. */
export type ResponseHead = readonly [status: number, ...values: unknown[]];

/** Reads the head of a response of Express or Fastify. */
export function headOf(response: FrameworkResponse): ResponseHead {
  return [response.statusCode, ...HEADERS.map((name) => valueOf(response, name))];
}

/** Sets the head as it was read. Does nothing after the response was sent. */
export function restoreHead(response: FrameworkResponse, [status, ...values]: ResponseHead): void {
  if (response.headersSent === true || response.sent === true) return;
  if (response.statusCode !== status) response.statusCode = status;
  for (const [at, name] of HEADERS.entries()) {
    const value = values[at];
    if (valueOf(response, name) === value) continue;
    if (value !== undefined) response.header(name, value);
    else {
      response.removeHeader(name);
      response.raw?.removeHeader(name);
    }
  }
}

/** Keeps caches from a response that does not say how they may store it. */
export function forbidStorage(response: FrameworkResponse): void {
  if (response.headersSent === true || response.sent === true) return;
  if (valueOf(response, 'Cache-Control') === undefined) response.header('Cache-Control', 'no-store');
}

function valueOf(response: FrameworkResponse, name: string): unknown {
  return response.getHeader(name) ?? response.raw?.getHeader(name);
}
