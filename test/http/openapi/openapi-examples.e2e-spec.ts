import { connect } from 'node:net';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { build, runBuilt, startBuiltServer, temporaryFolder } from '../../support/built-server.js';
import type { BuiltServer } from '../../support/built-server.js';

interface Media {
  readonly schema: object;
  readonly example?: unknown;
  readonly examples?: Record<string, { readonly value: Problem }>;
}
interface Problem {
  readonly code: string;
  readonly errors?: readonly { readonly pointer: string }[];
}
interface Answered {
  readonly description: string;
  readonly headers?: object;
  readonly content?: Record<string, Media>;
}
interface Described {
  readonly operationId: string;
  readonly description: string;
  readonly security: readonly { readonly bearer: readonly string[] }[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly example?: string }[];
  readonly requestBody?: { readonly content: Record<string, Media> };
  readonly responses: Record<string, Answered>;
}
interface Operation extends Described {
  readonly path: string;
  readonly method: string;
}

const folder = temporaryFolder();
const ajv = new Ajv2020({ strict: false, allErrors: true });
(formats as unknown as (to: Ajv2020) => void)(ajv);
// `ajv-formats` does not know this format (RFC 6531).
ajv.addFormat('idn-email', /^[^@\s]+@[^@\s]+$/u);
const validators = new Map<string, ValidateFunction>();
const ID = '019abfc2-617b-7000-a1b2-c3d4e5f60718';
const SCOPES = ['users:read', 'users:write', 'keys:read', 'keys:write', 'revocations:read'];
const credentials = { email: 'ada@example.com', password: 'the analytical engine' };

let database: TestDatabase;
let server: BuiltServer;
let operations: Operation[];

const environment = () => ({ DATABASE_URL: database.url, POSTERN_REQUEST_TIMEOUT_SECONDS: '5', PORT: '0' });

beforeAll(async () => {
  build();
  database = await createTestDatabase();
  server = await startBuiltServer(environment(), folder.path);
  const document = (await (await fetch(`${server.url}/docs-json`)).json()) as {
    paths: Record<string, Record<string, Described>>;
  };
  ajv.addSchema(closed(document), 'openapi');
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, path, method: method.toUpperCase() })),
  );
}, 300_000);

afterAll(async () => {
  await server?.stop();
  await database?.drop();
  folder.remove();
});

/**
 * The document without additional properties in any schema that does not allow them, so that a schema must list each
 * member.
 */
function closed<T>(document: T): T {
  return JSON.parse(JSON.stringify(document), (_key, value: { type?: unknown; properties?: unknown }) =>
    value?.type === 'object' && value.properties !== undefined ? { additionalProperties: false, ...value } : value,
  ) as T;
}

/** The validation errors of a value against a schema of the document. */
function complaints(schema: object, value: unknown): string | undefined {
  const absolute = JSON.stringify(schema).replaceAll('"#/', '"openapi#/');
  const validate = validators.get(absolute) ?? ajv.compile(JSON.parse(absolute) as object);
  validators.set(absolute, validate);
  return validate(value) ? undefined : ajv.errorsText(validate.errors);
}

const mediaOf = ({ requestBody, responses }: Operation): [string, string, Media][] =>
  Object.entries({ request: requestBody, ...responses }).flatMap(([place, body]) =>
    Object.entries(body?.content ?? {}).map(([type, media]): [string, string, Media] => [place, type, media]),
  );

describe('the examples of the document', () => {
  it('each example and each member of its objects matches its schema', () => {
    const wrong = operations.flatMap((operation) =>
      mediaOf(operation).flatMap(([place, type, { schema, example, examples }]) => {
        const name = `${operation.operationId} ${place} ${type}`;
        if (schema === undefined) return [`${name} has no schema`];
        const values = examples ? Object.values(examples).map(({ value }) => value) : [example];
        return values.map((value) => complaints(schema, value)).flatMap((why) => (why ? [`${name}: ${why}`] : []));
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('an example of a validation problem names a field of its operation', () => {
    for (const operation of operations) {
      for (const code of ['validation-failed', 'password-rejected', 'algorithm-not-configured']) {
        const example = operation.responses['400']?.content?.['application/problem+json']?.examples?.[code]?.value;
        if (example === undefined) continue;
        const body = operation.requestBody?.content['application/json']?.schema as { $ref: string } | undefined;
        const schema = body && (ajv.getSchema(`openapi${body.$ref}`)?.schema as { properties: object } | undefined);
        const fields = [
          ...Object.keys(schema?.properties ?? {}),
          ...(operation.parameters ?? []).map(({ name }) => name),
        ];
        expect(example.errors).toHaveLength(1);
        // The users of a team may have changeable fields; the built-in user has none.
        if (fields.length === 0) continue;
        expect([operation.operationId, fields]).toEqual([
          operation.operationId,
          expect.arrayContaining([example.errors![0]!.pointer.slice(1)]),
        ]);
      }
    }
  });

  it('the examples show the behaviour of their operation', () => {
    const exampleOf = (name: string, status: string) =>
      operations.find(({ operationId }) => operationId === name)!.responses[status]!.content!['application/json']!
        .example;
    expect(exampleOf('killKey', '200')).toMatchObject({ state: 'killed', killedAt: expect.any(String) });
    expect(exampleOf('rotateKeys', '202')).toMatchObject([{ state: 'announced' }]);
    expect(exampleOf('disableUser', '200')).toMatchObject({ disabledAt: expect.any(String) });
    expect(exampleOf('enableUser', '200')).toMatchObject({ disabledAt: null });
    expect(exampleOf('register', '201')).toMatchObject({ emailVerifiedAt: null });
  });
});

describe('the descriptions of the document', () => {
  it('the descriptions name the scopes that a token needs', () => {
    for (const { operationId, description, security } of operations) {
      const scopes = security.flatMap(({ bearer }) => bearer);
      const named = [
        ...(/Requires the (?:scope|permission) (.*)\./.exec(description)?.[1] ?? '').matchAll(/`([^`]+)`/g),
      ];
      expect([operationId, named.map(([, scope]) => scope)]).toEqual([operationId, scopes]);
    }
  });

  it('the descriptions name each error once, with the headers that it always has', () => {
    for (const { responses } of operations) {
      for (const [status, { description, headers = {} }] of Object.entries(responses)) {
        const codes = [...description.matchAll(/^`([a-z-]+)`: /gm)].map(([, code]) => code);
        expect(codes).toEqual([...new Set(codes)]);
        if (status === '401') expect(Object.keys(headers)).toContain('WWW-Authenticate');
        if (status === '503') expect(Object.keys(headers)).toContain('Retry-After');
      }
    }
  });

  it.each([
    ['login', ['service-unavailable', 'busy', 'no-active-key', 'signer-failed']],
    ['refresh', ['service-unavailable', 'no-active-key', 'signer-failed']],
  ])('the descriptions name the unavailable database and the missing signing key at %s', (name, codes) => {
    const { responses } = operations.find(({ operationId }) => operationId === name)!;
    expect(Object.keys(responses['503']!.content!['application/problem+json']!.examples!)).toEqual(codes);
  });
});

describe('every answer is in the document', () => {
  interface Sent {
    readonly token?: string;
    readonly body?: string;
    readonly type?: string;
    readonly id?: string;
    readonly query?: string;
  }

  const targetOf = ({ path }: Operation, { id = ID, query = '' }: Sent): string =>
    path.replaceAll(/\{\w+\}/g, id) + query;

  /** The differences between an answer and the document. */
  function undocumented(operation: Operation, status: number, type: string, text: string, why: string): string[] {
    const name = `${operation.operationId} (${why}): ${status}`;
    const answered = operation.responses[status];
    if (answered === undefined) return [`${name} ${text.slice(0, 300)}`];
    if (text === '') return answered.content === undefined ? [] : [`${name} without a body`];
    const media = answered.content?.[type.split(';', 1)[0]!];
    if (media === undefined) return [`${name} ${type}`];
    if (type.startsWith('text/')) return [];
    const body = JSON.parse(text) as Problem;
    if (status >= 400 && !Object.hasOwn(media.examples ?? {}, body.code)) return [`${name} ${body.code}`];
    const complaint = complaints(media.schema, body);
    return complaint === undefined ? [] : [`${name} ${complaint}`];
  }

  async function ask(operation: Operation, why: string, sent: Sent): Promise<string[]> {
    const isRead = operation.method === 'GET';
    const response = await fetch(server.url + targetOf(operation, sent), {
      method: operation.method,
      headers: {
        ...(sent.token !== undefined && { authorization: `Bearer ${sent.token}` }),
        ...(sent.body !== undefined && !isRead && { 'content-type': sent.type ?? 'application/json' }),
      },
      ...(sent.body !== undefined && !isRead && { body: sent.body }),
    });
    const type = response.headers.get('content-type') ?? '';
    return undocumented(operation, response.status, type, await response.text(), why);
  }

  async function askAll(sent: Record<string, Sent>): Promise<string[]> {
    const found: string[] = [];
    for (const [why, one] of Object.entries(sent)) {
      found.push(...(await Promise.all(operations.map((operation) => ask(operation, why, one)))).flat());
    }
    return found;
  }

  const tokenOf = (...scopes: string[]): string => {
    const args = ['--subject', 'orders', ...scopes.flatMap((scope) => ['--scope', scope])];
    return runBuilt('token', args, environment(), folder.path).stdout.trim();
  };

  it('each answer to a missing token, a token without scopes, and an unreadable request is documented', async () => {
    const token = tokenOf(...SCOPES);
    const found = await askAll({
      'no token': {},
      'a bad token': { token: 'x.y.z' },
      'no scopes': { token: tokenOf('none') },
      'an address that cannot be decoded': { token, id: '%ff' },
      'an id with NUL': { token, id: 'a%00' },
      'a query with NUL': { token, query: '?after=%00' },
      'an id that is none': { token, id: 'x' },
      'text in place of JSON': { token, body: 'x', type: 'text/plain' },
      'broken JSON': { token, body: '{' },
      'a body too large': { token, body: ' '.repeat(102_401) },
      'an unknown field': { token, body: '{"x":1}' },
    });
    expect(found).toEqual([]);
  }, 180_000);

  it('each answer to a body that does not arrive is documented', async () => {
    const found = await Promise.all(
      operations
        .filter(({ method }) => method !== 'GET')
        .map(async (operation) => {
          const text = await new Promise<string>((resolve, reject) => {
            const { port } = new URL(server.url);
            const socket = connect(Number(port), '127.0.0.1');
            let read = '';
            socket.on('data', (chunk) => (read += chunk.toString())).on('error', reject);
            socket.on('close', () => resolve(read));
            socket.write(
              `${operation.method} ${targetOf(operation, {})} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
                'Content-Length: 100\r\n\r\n{',
            );
          });
          const type = /^content-type: (.*)$/im.exec(text)?.[1]?.trim() ?? '';
          const [, body = ''] = text.split('\r\n\r\n');
          return undocumented(operation, Number(text.split(' ')[1]), type, body, 'a slow body');
        }),
    );
    expect(found.flat()).toEqual([]);
  }, 180_000);

  it('each answer to an authorized request is documented', async () => {
    const byName = new Map(operations.map((operation) => [operation.operationId, operation]));
    const found: string[] = [];
    const act = async (name: string, sent: Sent = {}): Promise<void> => {
      found.push(...(await ask(byName.get(name)!, name, sent)));
    };
    const body = JSON.stringify(credentials);
    for (const name of ['live', 'ready', 'jwks', 'authorizationServerMetadata', 'register', 'register', 'login']) {
      await act(name, { body });
    }
    await act('login', { body: JSON.stringify({ ...credentials, password: 'another one' }) });
    await act('register', { body: JSON.stringify({ email: 'bob@example.com', password: 'short' }) });
    const login = await fetch(`${server.url}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const pair = (await login.json()) as { access_token: string; refresh_token: string };
    const token = pair.access_token;
    await act('refresh', { body: JSON.stringify({ refresh_token: pair.refresh_token }) });
    for (const name of ['readMe', 'updateMe', 'listSessions', 'endSession', 'endSession'])
      await act(name, { token, body: '{}' });
    await act('changePassword', {
      token,
      body: JSON.stringify({ currentPassword: 'wrong', newPassword: 'nine grey herons by the weir' }),
    });
    await act('deleteMe', { token, body: JSON.stringify({ password: 'wrong' }) });
    const all = tokenOf(...SCOPES);
    const { sub } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { sub: string };
    for (const name of ['listUsers', 'readUser', 'updateUser', 'disableUser', 'enableUser', 'deleteUser'])
      await act(name, { token: all, id: sub, body: '{}' });
    for (const name of ['listKeys', 'rotateKeys', 'followRevocations']) await act(name, { token: all, body: '{}' });
    const { keys } = (await (await fetch(`${server.url}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
    for (const { kid } of keys) await act('killKey', { token: all, id: kid });
    expect(found).toEqual([]);
  }, 180_000);
});
