import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { MalformedRequestError, UnsupportedMediaTypeError, ValidationFailedError } from 'postern/problem';
import { forbiddenMember } from './json-members.js';

/** Whether the head announces no body. The content type then has no meaning. */
export function hasNoBody(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
}

/**
 * Accepts only JSON in UTF-8.
 * @throws UnsupportedMediaTypeError for another media type, another charset, a compressed body, or a missing one
 */
export function assertJson(headers: IncomingHttpHeaders): void {
  const [mediaType = '', ...parameters] = (headers['content-type'] ?? '').split(';');
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  const isOtherCharset = (parameter: string) => /^\s*charset\s*=/i.test(parameter) && !UTF_8.test(parameter);
  if (mediaType.trim().toLowerCase() !== 'application/json' || parameters.some(isOtherCharset)) {
    throw new UnsupportedMediaTypeError();
  }
  // A compressed body can expand to a thousand times the size limit.
  if (encoding !== 'identity') throw new UnsupportedMediaTypeError('Compressed bodies are not supported.');
}

const UTF_8 = /^\s*charset\s*=\s*"?utf-?8"?\s*$/i;

/**
 * Parses a body as JSON. An empty body counts as none, and returns `undefined`: clients send the content type with
 * every request.
 * @throws MalformedRequestError if the body is not UTF-8, not JSON, or has a key that could replace a prototype
 * @throws ValidationFailedError if an object in the body has two members of one name
 * @see RFC 8259, RFC 7493 §2.3
 */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) throw new MalformedRequestError('The body is not valid UTF-8.');
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The message of the parser would quote the body.
    throw new MalformedRequestError('The body is not valid JSON.');
  }
  const forbidden = forbiddenMember(text, value);
  if (forbidden === undefined) return value;
  const { kind, pointer } = forbidden;
  if (kind === 'repeated') throw ValidationFailedError.of([{ pointer, detail: 'occurs more than once' }]);
  throw new MalformedRequestError('The body has a key that is not allowed: __proto__ or constructor.prototype.', {
    extensions: { errors: [{ pointer, detail: 'is not an allowed name' }] },
  });
}
