/**
 * A problem document, as every refusal is answered.
 * @see RFC 9457 §3.1
 */
export interface Problem {
  /** A page about this kind of problem, or `about:blank`. */
  type: string;
  /** One sentence, the same at each occurrence. */
  title: string;
  /** The HTTP status. */
  status: number;
  /** What is particular to this occurrence. */
  detail?: string;
  /** `urn:request:` and the request id, under which the log knows it. */
  instance: string;
  /** Stable, kebab-case; what a client may switch on. */
  code: string;
  [extension: string]: unknown;
}

/** The JSON schema of a problem document, for an OpenAPI 3.1 document. */
export const problemSchema: {
  type: 'object';
  description: string;
  required: string[];
  properties: Record<string, Record<string, unknown>>;
} = {
  type: 'object',
  description: 'A problem document (RFC 9457).',
  required: ['type', 'title', 'status', 'instance', 'code'],
  properties: {
    type: {
      type: 'string',
      format: 'uri-reference',
      description: 'A page about this kind of problem, or about:blank.',
    },
    title: { type: 'string', description: 'One sentence, the same at each occurrence.' },
    status: { type: 'integer', description: 'The HTTP status of the answer.', minimum: 400, maximum: 599 },
    detail: { type: 'string', description: 'What is particular to this occurrence.' },
    instance: {
      type: 'string',
      format: 'uri-reference',
      description: 'The request, as the log knows it; the same id is in the X-Request-Id header.',
    },
    code: { type: 'string', description: 'Stable: what a client may switch on.' },
    errors: {
      type: 'array',
      description: 'What is wrong where, when the request is not valid.',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: {
          pointer: { type: 'string', format: 'json-pointer', description: 'Where (RFC 6901).' },
          detail: { type: 'string', description: 'What is wrong there.' },
          code: {
            type: 'string',
            description: 'Stable, where one thing can be wrong in several ways: the rule of a password.',
          },
        },
      },
    },
  },
};
