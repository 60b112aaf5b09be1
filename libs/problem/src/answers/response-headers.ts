/** The response of Express, Fastify or Node. */
interface ResponseLike {
  getHeader?(name: string): unknown;
  /** The response of Node, on Fastify. Middleware sets headers there. */
  readonly raw?: { getHeader?(name: string): unknown };
}

/** Returns whether the response of Express, Fastify or Node has the header already. */
export function hasHeader(response: object, name: string): boolean {
  const { raw } = response as ResponseLike;
  return [response as ResponseLike, raw].some((holder) => holder?.getHeader?.(name) !== undefined);
}
