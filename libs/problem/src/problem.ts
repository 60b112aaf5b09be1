/**
 * The problem document of an error response.
 * @see RFC 9457 §3.1
 */
export interface Problem {
  /** The URL of the documentation of the problem, or `about:blank`. */
  type: string;
  /** A sentence, the same at each occurrence. */
  title: string;
  /** The HTTP status. */
  status: number;
  /** The details of this occurrence. */
  detail?: string;
  /** `urn:request:` and the request id, which is also in the log. */
  instance: string;
  /** Stable, kebab-case. Clients may rely on it. */
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
      description: 'The URL of the documentation of the problem, or about:blank.',
    },
    title: { type: 'string', description: 'A sentence, the same at each occurrence.' },
    status: { type: 'integer', description: 'The HTTP status of the response.', minimum: 400, maximum: 599 },
    detail: { type: 'string', description: 'The details of this occurrence.' },
    instance: {
      type: 'string',
      format: 'uri-reference',
      description: 'The request id, as in the log and in the X-Request-Id header.',
    },
    code: { type: 'string', description: 'A stable code. Clients may rely on it.' },
    errors: {
      type: 'array',
      description: 'The invalid parts of the request.',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: {
          pointer: {
            type: 'string',
            format: 'json-pointer',
            description: 'A JSON pointer to the invalid part (RFC 6901).',
          },
          detail: { type: 'string', description: 'The reason why the part is invalid.' },
          code: {
            type: 'string',
            description: 'A stable code of the reason, such as the rule that a password breaks.',
          },
        },
      },
    },
    permissions: {
      type: 'array',
      description: 'The missing permission, or those of which one suffices.',
      items: { type: 'string' },
    },
    roles: { type: 'array', description: 'The roles of which one suffices.', items: { type: 'string' } },
    permission: { type: 'string', description: 'The permission that the caller does not have and cannot grant.' },
  },
};
