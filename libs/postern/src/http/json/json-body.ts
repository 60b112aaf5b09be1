import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { MalformedRequestError, UnsupportedMediaTypeError, ValidationFailedError } from 'postern/problem';
import { forbiddenMember } from './json-members.js';
import { jsonErrorPosition } from './json-position.js';

/**
 * Lets JSON in UTF-8 pass, and nothing else.
 * @throws UnsupportedMediaTypeError for another media type, another charset, a compressed body, or none stated
 */
export function assertJson(headers: IncomingHttpHeaders): void {
  const [mediaType = '', ...parameters] = (headers['content-type'] ?? '').split(';');
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  const isOtherCharset = (parameter: string) => /^\s*charset\s*=/i.test(parameter) && !UTF_8.test(parameter);
  if (mediaType.trim().toLowerCase() !== 'application/json' || parameters.some(isOtherCharset)) {
    throw new UnsupportedMediaTypeError();
  }
  // A compressed body may be a thousand times larger than the limit that its length was held against.
  if (encoding !== 'identity') throw new UnsupportedMediaTypeError('A compressed body is not read.');
}

const UTF_8 = /^\s*charset\s*=\s*"?utf-?8"?\s*$/i;

/**
 * Reads a body as JSON.
 * @throws MalformedRequestError when it is empty, not UTF-8, not JSON (the detail names the place and quotes nothing),
 * or carries a key that could replace a prototype
 * @throws ValidationFailedError when an object in it has two members of one name
 * @see RFC 8259, RFC 7493 §2.3
 */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) throw new MalformedRequestError('The body is empty, and JSON was announced.');
  if (!isUtf8(bytes)) throw new MalformedRequestError('The body is not valid UTF-8.');
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const position = jsonErrorPosition(text) ?? 0;
    const what = position === text.length ? 'it ends too early, at' : 'something unexpected stands at';
    throw new MalformedRequestError(`The body is not valid JSON: ${what} position ${position}.`);
  }
  const forbidden = forbiddenMember(text, value);
  if (forbidden === undefined) return value;
  const { kind, pointer } = forbidden;
  if (kind === 'repeated') throw ValidationFailedError.of([{ pointer, detail: 'is written more than once' }]);
  throw new MalformedRequestError('The body has a key that is not allowed: __proto__ or constructor.prototype.', {
    extensions: { errors: [{ pointer, detail: 'is not an allowed name' }] },
  });
}
