import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, validateHeaderValue } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createHttpAdapter, documentOf } from 'postern';
import { Database } from 'postern/persistence';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { KeyRing, SigningKeys } from 'postern/tokens';
import { AppModule } from '../../src/server/app.module.js';
import { readConfig } from '../../src/config/config.js';
import { byEs, compact, goodClaims, goodHeader, hostileTokens, makeWorld } from '../tokens/hostile-tokens/index.js';
import type { World } from '../tokens/hostile-tokens/index.js';

const adapters = ['fastify', 'express'] as const;
type Adapter = (typeof adapters)[number];
const TABLES = ['users', 'sessions', 'password_credentials', 'signing_keys', 'revocations', 'roles', 'user_roles'];
const ID = '019abfc2-617b-7000-a1b2-c3d4e5f60718';
const PERMISSIONS = ['users:read', 'users:write', 'keys:read', 'keys:write'];
/** The claims of an administrator. */
const ADMINISTRATOR = { roles: ['administrator'] };

interface Answer {
  readonly status: number;
  readonly challenge: string | undefined;
  readonly type: string | undefined;
  readonly text: string;
  readonly code: string | undefined;
  readonly errors: readonly { pointer: string; detail: string }[] | undefined;
}

/** A route as the running application describes it. */
interface Route {
  readonly method: string;
  readonly path: string;
  readonly isGuarded: boolean;
  /** The field names of its body; `undefined` if the route has no body. */
  readonly fields: readonly string[] | undefined;
  /** The names of the required fields, by the document. */
  readonly required: readonly string[];
}

/** Counts the requests to the URL that hostile tokens name. */
const asked: string[] = [];
const canary = createServer((request, response) => {
  asked.push(request.url ?? '');
  response.end('{"keys":[]}');
});

const apps = {} as Record<Adapter, INestApplication>;
const ports = {} as Record<Adapter, number>;
let database: TestDatabase;
let world: World;
let routes: Route[];

beforeAll(async () => {
  canary.listen(0, '127.0.0.1');
  await once(canary, 'listening');
  world = makeWorld(`http://127.0.0.1:${(canary.address() as AddressInfo).port}`, Math.floor(Date.now() / 1000));
  database = await createTestDatabase();
  for (const adapter of adapters) {
    const config = readConfig({
      POSTERN_ISSUER: world.issuer,
      POSTERN_AUDIENCE: world.audience,
      POSTERN_ARGON2: 'm=7168,t=1,p=1',
      POSTERN_HTTP_ADAPTER: adapter,
      // All requests come from one address.
      POSTERN_LIMITS:
        'token=off,mailAddress=off,mailNetwork=off,registration=off,confirmation=off,accountNetwork=off,account=off',
    });
    const app = await NestFactory.create(
      AppModule.forConfig(config, { databaseUrl: database.url, secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe' }),
      await createHttpAdapter(config.httpAdapter, config),
      { logger: false, abortOnError: false },
    );
    await app.listen(0, '127.0.0.1');
    apps[adapter] = app;
    ports[adapter] = (app.getHttpServer().address() as AddressInfo).port;
  }
  await takeOverTheKeys();
  await addTheSubject();
  routes = routesOf(apps.fastify);
});

afterAll(async () => {
  canary.close();
  for (const app of Object.values(apps)) await app.close();
  await database?.drop();
});

/** Both servers sign and verify with the ES256 key of the hostile tokens from here on. */
async function takeOverTheKeys(): Promise<void> {
  const { kid, key } = await apps.fastify.get(KeyRing).signingKey();
  const privateKey = apps.fastify.get<SigningKeys>(SigningKeys).localKey(kid)!;
  const es = { kid, privateKey, publicKey: key };
  const attacker = { ...world.attacker, es: { ...world.attacker.es, kid } };
  world = { ...world, es, attacker };
}

/** The user and the session that the hostile tokens name, so that an accepted token would have an effect. */
async function addTheSubject(): Promise<void> {
  const { sub: id, sid: sessionId } = goodClaims(world) as { sub: string; sid: string };
  const { manager } = apps.fastify.get(Database);
  await manager.query('INSERT INTO users (id, email, created_at, updated_at) VALUES ($1, $2, now(), now())', [
    id,
    'ada@example.com',
  ]);
  await manager.query(
    `INSERT INTO sessions (id, user_id, seed, generation, amr, authenticated_at, created_at, last_used_at, expires_at)
     VALUES ($1, $2, $3, 0, '["pwd"]', now(), now(), now(), now() + interval '1 day')`,
    [sessionId, id, randomBytes(32)],
  );
}

function routesOf(app: INestApplication): Route[] {
  const { paths, components } = documentOf(app);
  const schemas = components?.schemas as Record<string, { properties?: object; required?: string[] }>;
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations as Record<string, Operation>).map(([method, { security, requestBody }]) => {
      const name = requestBody?.content['application/json']?.schema.$ref.split('/').pop();
      return {
        method: method.toUpperCase(),
        path: path.replaceAll(/\{\w+\}/g, ID),
        isGuarded: security.length > 0,
        fields: name === undefined ? undefined : Object.keys(schemas[name]?.properties ?? {}),
        required: (name !== undefined && schemas[name]?.required) || [],
      };
    }),
  );
}
interface Operation {
  readonly security: readonly object[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: { readonly $ref: string } }> };
}

/** Sends exactly these bytes: a client would normalize paths and headers. */
function send(
  adapter: Adapter,
  method: string,
  target: string,
  { token, headers = [], body = '' }: { token?: string; headers?: readonly string[]; body?: Uint8Array | string } = {},
): Promise<Answer> {
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: close',
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...headers,
    ...(body.length === 0 ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
  ];
  return new Promise((resolve, reject) => {
    const socket = connect(ports[adapter], '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.setTimeout(20_000, () => socket.destroy(new Error('no answer')));
    socket.on('data', (chunk) => chunks.push(chunk));
    // The server may close the connection before it has read a body that it rejects.
    socket.on('error', (error) => (chunks.length > 0 ? undefined : reject(error)));
    socket.on('close', () => resolve(answerOf(Buffer.concat(chunks).toString())));
    socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
    if (body.length > 0) socket.write(body);
  });
}

function answerOf(raw: string): Answer {
  const [head = '', ...rest] = raw.split('\r\n\r\n');
  const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim();
  const text = rest.join('\r\n\r\n');
  let body: { code?: string; errors?: Answer['errors'] } = {};
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    // An answer that is not JSON has no code.
  }
  return {
    status: Number(head.split(' ')[1]),
    challenge: header('www-authenticate'),
    type: header('content-type'),
    text,
    code: body.code,
    errors: body.errors,
  };
}

/** Limits the number of simultaneous sockets. */
async function inTurns<T, R>(all: readonly T[], act: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < all.length; at += 16) results.push(...(await Promise.all(all.slice(at, at + 16).map(act))));
  return results;
}

const tokenWith = (more: object = {}) =>
  compact(goodHeader(world), { ...goodClaims(world), jti: randomUUID(), ...more }, byEs(world.es));

/** A short digest of every row of every table. */
async function state(): Promise<Record<string, string>> {
  const { manager } = apps.fastify.get(Database);
  const entries = TABLES.map(async (table) => {
    const rows: { state: string }[] = await manager.query(
      `SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '') AS state FROM ${table} t`,
    );
    return [table, rows[0]!.state] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** HTTP trims white space around a value and allows no line breaks in it, and Node reads at most 16 KiB of headers. */
function isFitForHttp(text: string): boolean {
  if (text.trim() !== text || text === '' || text.length > 14_000) return false;
  try {
    validateHeaderValue('authorization', text);
    return true;
  } catch {
    return false;
  }
}

/** The common answer of both adapters, which must be equal. */
async function bothAnswer(method: string, target: string, options: Parameters<typeof send>[3] = {}): Promise<Answer> {
  const [one, other] = await Promise.all(adapters.map((adapter) => send(adapter, method, target, options)));
  const compared = ({ status, challenge, type, code, errors }: Answer) => ({ status, challenge, type, code, errors });
  expect({ method, target, ...withoutCharset(compared(other!)) }).toEqual({
    method,
    target,
    ...withoutCharset(compared(one!)),
  });
  return one!;
}

const withoutCharset = <T extends { type: string | undefined }>(answer: T): T => ({
  ...answer,
  type: answer.type?.replace(/; *charset=utf-8/i, ''),
});

describe.each(adapters)('hostile tokens at the real routes of %s', (adapter) => {
  const doors = [
    ['GET', '/users/me'],
    ['PATCH', '/users/me'],
    ['POST', '/auth/logout'],
    ['POST', '/auth/logout-all'],
    ['DELETE', `/users/${ID}`],
  ] as const;
  const bodyOf = (method: string) =>
    method === 'PATCH' ? { headers: ['Content-Type: application/json'], body: '{}' } : {};

  it('a valid token of the same key is accepted', async () => {
    expect(await send(adapter, 'GET', '/users/me', { token: tokenWith() })).toMatchObject({ status: 200 });
    expect(await send(adapter, 'PATCH', '/users/me', { token: tokenWith(), ...bodyOf('PATCH') })).toMatchObject({
      status: 200,
    });
    const admin = tokenWith(ADMINISTRATOR);
    expect(await send(adapter, 'DELETE', `/users/${ID}`, { token: admin })).toMatchObject({ status: 404 });
  });

  it.each(doors)('all hostile tokens get the same rejection at %s %s and have no effect', async (method, path) => {
    const before = await state();
    // A token from the near future becomes valid within a second; another file tests those limits with a stopped clock.
    const corpus = hostileTokens(world).filter(
      ({ name, text }) => isFitForHttp(text) && !/just in the future/.test(name),
    );
    expect(corpus.length).toBeGreaterThan(250);
    const answers = await inTurns(corpus, async ({ kind, name, text }) => {
      const {
        status,
        challenge,
        type,
        text: body,
      } = await send(adapter, method, path, { token: text, ...bodyOf(method) });
      const common = body.replace(/urn:request:[\w-]+/, '');
      return { name: `${kind}: ${name}`, answer: JSON.stringify({ status, challenge, type, common }) };
    });
    const one = JSON.stringify({
      status: 401,
      challenge: 'Bearer error="invalid_token"',
      type: 'application/problem+json',
      common: (await send(adapter, method, path, { token: 'x' })).text.replace(/urn:request:[\w-]+/, ''),
    });
    const other = answers.filter(({ answer }) => answer.replace('; charset=utf-8', '') !== one);
    expect(other).toEqual([]);
    expect(await state()).toEqual(before);
  });

  it('a token that is too large or not a valid header is rejected with 401, or by the parser with 431 or 400', async () => {
    for (const token of ['x'.repeat(8193), `${tokenWith()}${'A'.repeat(9000)}`, 'x'.repeat(15_500)]) {
      expect(await send(adapter, 'GET', '/users/me', { token })).toMatchObject({ status: 401, code: 'invalid-token' });
    }
    expect(await send(adapter, 'GET', '/users/me', { token: 'x'.repeat(20_000) })).toMatchObject({ status: 431 });
    const good = tokenWith();
    for (const headers of [
      [`Authorization: Bearer ${good}`, `Authorization: Bearer ${good}`],
      [`Authorization: Bearer ${good}, Bearer ${good}`],
      [`Authorization: Bearer\t${good}\u0000`],
      [`Authorization : Bearer ${good}`],
      [` Authorization: Bearer ${good}`],
      [`X: y\r\n Authorization: Bearer ${good}`],
      [`Authorization:\u00a0Bearer ${good}`],
      [`Authorization: Basic ${good}`],
      [`Authorization: ${good}`],
      [`Authorization: Bearer "${good}"`],
      [`X-Authorization: Bearer ${good}`],
      [`Cookie: access_token=${good}`],
    ]) {
      const { status } = await send(adapter, 'GET', '/users/me', { headers });
      expect([headers[0]!.slice(0, 30), [400, 401].includes(status)]).toEqual([headers[0]!.slice(0, 30), true]);
    }
    expect(await send(adapter, 'GET', `/users/me?access_token=${good}`)).toMatchObject({ status: 401 });
  });

  it('a missing token is rejected at every guarded route, with a challenge and a code', async () => {
    const guarded = routes.filter(({ isGuarded }) => isGuarded);
    expect(guarded.length).toBeGreaterThanOrEqual(15);
    for (const { method, path } of guarded) {
      const { status, challenge, code } = await send(adapter, method, path);
      expect({ method, path, status, challenge, code }).toEqual({
        method,
        path,
        status: 401,
        challenge: 'Bearer',
        code: 'invalid-token',
      });
    }
  });

  it('a service without the permission is rejected with 403 and its name before the body is validated', async () => {
    for (const [method, path, permission] of [
      ['GET', '/users', 'users:read'],
      ['PATCH', `/users/${ID}`, 'users:write'],
      ['POST', `/users/${ID}/disable`, 'users:write'],
      ['GET', '/keys', 'keys:read'],
      ['POST', '/keys/rotate', 'keys:write'],
      ['POST', `/keys/${world.es.kid}/kill`, 'keys:write'],
    ] as const) {
      const others = PERMISSIONS.filter((other) => other !== permission).join(' ');
      const alike = [permission.toUpperCase(), `${permission}2`, `x${permission}`, permission.split(':')[0]!];
      for (const held of [others, ...alike]) {
        const body = '{"role":"admin"}';
        const answer = await send(adapter, method, path, {
          token: tokenWith({ scope: held, sid: undefined }),
          ...(method === 'GET' ? {} : { headers: ['Content-Type: application/json'], body }),
        });
        expect([path, held, answer.status, answer.challenge]).toEqual([
          path,
          held,
          403,
          `Bearer error="insufficient_scope", scope="${permission}"`,
        ]);
      }
    }
  });
});

it('no server has requested the URL that the hostile tokens name', () => {
  expect(asked).toEqual([]);
});

describe('D8: every route, however it is spelt', () => {
  /** Spellings of a path that some router or proxy treats as equal. */
  const spellings = (path: string): readonly string[] => {
    const cut = path.lastIndexOf('/');
    const [before, after] = [path.slice(0, cut), path.slice(cut + 1)];
    const letter = path.search(/[a-z]/);
    const encoded = `%${path.charCodeAt(letter).toString(16)}`;
    const spelt = (text: string) => path.slice(0, letter) + text + path.slice(letter + 1);
    return [
      `${path}/`,
      `/${path}`,
      `//${path}`,
      `${before}//${after}`,
      `${path}//`,
      `${path}%2f`,
      `${path}%2F`,
      `${before}%2f${after}`,
      `/%2f${path.slice(1)}`,
      `${path}%5c`,
      `${path}\\`,
      path.replaceAll('/', '\\'),
      `${path};x`,
      `${path};x=1`,
      `${path}/;x`,
      `${before};x/${after}`,
      `/;x${path}`,
      path.toUpperCase(),
      path.replace(/[a-z]/, (first) => first.toUpperCase()),
      `${before}/${after.toUpperCase()}`,
      `/.${path}`,
      `${path}/.`,
      `${before}/./${after}`,
      `/x/..${path}`,
      `${path}/..`,
      `${path}/x/..`,
      `/..${path}`,
      `/%2e${path}`,
      `/x/%2e%2e${path}`,
      `${path}/%2e`,
      `${path}/%2e%2e/${after}`,
      `/health/live/..%2f..${path}`,
      `/docs/..${path}`,
      `/docs/%2e%2e${path}`,
      spelt(encoded),
      spelt(encoded.toUpperCase()),
      spelt(encoded.replace('%', '%25')),
      `${path}%20`,
      `${path}%00`,
      `${path}%09`,
      `${path}%0a`,
      `${path}%23`,
      `${path}%3f`,
      `${path}%ff`,
      `${path}.json`,
      `${path}.`,
      `${path}~`,
      `${path}*`,
      `${path}:443`,
      `${path}&x`,
      `@${path}`,
      path.slice(1),
    ];
  };
  /** Equivalent spellings of the path. */
  const synonyms = (path: string): readonly string[] => [
    path,
    `${path}?`,
    `${path}?x=1`,
    `${path}?/../health/live`,
    `http://elsewhere.example${path}`,
    `${path}#x`,
  ];
  const methodsOf = (route: Route) => [...new Set([route.method, 'HEAD', 'OPTIONS', 'GET', 'TRACE'])];

  it('a guarded route rejects every spelling alike on both adapters', async () => {
    const before = await state();
    // Several routes of one path share most requests.
    const requests = new Map(
      routes
        .filter(({ isGuarded }) => isGuarded)
        .flatMap((route) =>
          methodsOf(route).flatMap((method) =>
            [...synonyms(route.path), ...spellings(route.path)].map((target) => [
              `${method} ${target}`,
              { method, target },
            ]),
          ),
        ),
    );
    const served = await inTurns([...requests.values()], async ({ method, target }) => {
      const { status } = await bothAnswer(method, target);
      return [400, 401, 404].includes(status) ? undefined : `${method} ${target}: ${status}`;
    });
    expect(served.filter(Boolean)).toEqual([]);
    expect(await state()).toEqual(before);
  });

  it('a guarded route answers 401 to GET, HEAD, the absolute form, and any query', async () => {
    for (const { method, path } of routes.filter(({ isGuarded }) => isGuarded)) {
      for (const target of synonyms(path).filter((one) => !one.includes('#'))) {
        expect([method, target, (await bothAnswer(method, target)).status]).toEqual([method, target, 401]);
        if (method === 'GET') expect(await bothAnswer('HEAD', target)).toMatchObject({ status: 401, text: '' });
      }
    }
  });

  it('a guarded route is served with a valid token under one spelling only, the same on both adapters', async () => {
    const token = tokenWith(ADMINISTRATOR);
    for (const path of ['/users/me', '/auth/sessions', '/keys']) {
      for (const method of ['GET', 'HEAD']) {
        for (const target of synonyms(path)) {
          const { status, text } = await bothAnswer(method, target, { token });
          if (!target.includes('#')) expect([method, target, status]).toEqual([method, target, 200]);
          if (method === 'HEAD') expect(text).toBe('');
        }
        await inTurns(spellings(path), async (target) => {
          const { status } = await bothAnswer(method, target, { token });
          expect([method, target, status >= 400]).toEqual([method, target, true]);
        });
      }
    }
  });

  it('an open route answers alike on both adapters', async () => {
    const open = routes.filter(({ isGuarded, method }) => !isGuarded && method === 'GET').map(({ path }) => path);
    expect(open).toHaveLength(5);
    for (const path of open) {
      expect(await bothAnswer('GET', path)).toMatchObject({ status: 200 });
      expect(await bothAnswer('HEAD', path)).toMatchObject({ status: 200, text: '' });
      await inTurns(spellings(path), async (target) => {
        await bothAnswer('GET', target);
        await bothAnswer('HEAD', target);
      });
    }
  });
});

describe('bodies of every route that has one', () => {
  const JSON_TYPE = ['Content-Type: application/json'];
  /** Every class of invalid body, and the expected answer. */
  type Fault = readonly [
    name: string,
    body: Uint8Array | string,
    statuses: readonly number[],
    headers?: readonly string[],
  ];
  const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);
  const bytes = (...values: (string | number[])[]) =>
    Buffer.concat(values.map((value) => (typeof value === 'string' ? Buffer.from(value) : Buffer.from(value))));

  const faults: readonly Fault[] = [
    ['more than the limit', JSON.stringify({ x: 'x'.repeat(102_400) }), [413]],
    ['text', '{}', [415], ['Content-Type: text/plain']],
    ['a form', 'a=b', [415], ['Content-Type: application/x-www-form-urlencoded']],
    ['a multipart form', '--x--', [415], ['Content-Type: multipart/form-data; boundary=x']],
    ['XML', '<a/>', [415], ['Content-Type: application/xml']],
    ['no type', '{}', [415], []],
    ['a patch of JSON', '[]', [415], ['Content-Type: application/merge-patch+json']],
    ['a charset that is not UTF-8', '{}', [415], ['Content-Type: application/json; charset=latin1']],
    ['compressed bytes', 'x', [415], [...JSON_TYPE, 'Content-Encoding: gzip']],
    ...[
      '{',
      '{"a":1,}',
      "{'a':1}",
      'NaN',
      '{"a":01}',
      '[1,2',
      '"\u0001"',
      '{"a":1}{"b":2}',
      'undefined',
      '{}//c',
      '\u00a0{}',
      '\uFEFF\uFEFF{}',
      '{"a":"\n"}',
      '{"a":Infinity}',
      '{"a":0x10}',
    ].map((text): Fault => [`no JSON: ${JSON.stringify(text)}`, text, [400]]),
    ['a stray byte', bytes('{"a":"', [0xff], '"}'), [400]],
    ['an overlong slash', bytes('{"a":"', [0xc0, 0xaf], '"}'), [400]],
    ['a surrogate in UTF-8', bytes('{"a":"', [0xed, 0xa0, 0x80], '"}'), [400]],
    ['a cut character', bytes('{"a":"', [0xf0, 0x9f], '"}'), [400]],
    ['UTF-16', Buffer.from('{"a":1}', 'utf16le'), [400]],
    ...['null', 'true', '1', '"x"', '[]', '[{}]', '[null]', '1e400'].map((text): Fault => [
      `no object: ${text}`,
      text,
      [400],
    ]),
    ['arrays without end', nested(40_000, '[', ']'), [400]],
    ['objects without end', `${'{"a":'.repeat(15_000)}1${'}'.repeat(15_000)}`, [400]],
    [
      'ten thousand fields',
      JSON.stringify(Object.fromEntries(Array.from({ length: 7000 }, (_, n) => [`k${n}`, n]))),
      [400],
    ],
    ['an unknown field', '{"isAdmin":true}', [400]],
    ['a field without a name', '{"":1}', [400]],
    ['a name with a NUL', '{"a\\u0000b":1}', [400]],
    ['a name with half a character', '{"\\ud800":1}', [400]],
    ['a name of a million', `{"${'n'.repeat(90_000)}":1}`, [400]],
    ['__proto__', '{"__proto__":{"isAdmin":true}}', [400]],
    ['__proto__ by escapes', '{"\\u005f\\u005fproto\\u005f\\u005f":{"isAdmin":true}}', [400]],
    ['__proto__ below', '{"a":{"__proto__":{"isAdmin":true}}}', [400]],
    ['constructor.prototype', '{"constructor":{"prototype":{"isAdmin":true}}}', [400]],
    ['brackets', '{"a[b]":1,"$where":"1","a.b":1}', [400]],
  ];

  /** Values of the wrong type for a text field. */
  const wrongValues: readonly string[] = [
    'true',
    '1',
    '-1',
    '1e308',
    '[]',
    '[[]]',
    '["a@example.com"]',
    '{}',
    '{"$ne":null}',
    '{"toString":1}',
    '{"length":20}',
    `[${'0,'.repeat(40_000)}0]`,
    nested(30, '[', ']'),
    '"\\u0000"',
    '"a\\u0000b@example.com"',
    '"\\udc00"',
    '"\\ud83d"',
  ];
  /** Strings that are rarely valid. */
  const oddTexts: readonly string[] = [
    '',
    ' ',
    '\u202e',
    '\u200d'.repeat(400),
    'x'.repeat(1_025),
    'x'.repeat(90_000),
    'a'.repeat(40_000) + '@example.com',
    `${'a.'.repeat(5_000)}@example.com`,
    `a@${'b.'.repeat(5_000)}c`,
    '\ufdfa'.repeat(8_000),
    "' OR 1=1 --",
    '$(id)',
    '../../etc/passwd',
    '%00',
    '<script>',
    'prt_',
    `prt_${'A'.repeat(71)}`,
    'a@b, c@d',
    'a@b\r\nBcc: c@d',
    '"a b"@example.com',
    'a@[127.0.0.1]',
    'a@localhost',
    'undefined',
    'null',
    '[object Object]',
  ];

  const takers = () => routes.filter(({ fields }) => fields !== undefined);
  /** A log-out needs no body, and accepts any text as a refresh token. */
  const strictTakers = () => takers().filter(({ path }) => path !== '/auth/logout');
  // An address that is taken, so that a body that is valid otherwise creates no user.
  const good: Readonly<Record<string, unknown>> = {
    email: 'ada@example.com',
    algorithm: 'ES256',
    name: 'clerk',
    permissions: [],
    // No role is created, whatever the other fields are.
    includes: ['missing'],
    roles: [],
  };
  /** Wrong for a field with a list of texts: not a list, or a list of other values. */
  const isList = (value: string) => value === '[]' || value.startsWith('["');
  const bodyWith = (fields: readonly string[], field: string, value: string) =>
    `{${fields
      .map(
        (name) =>
          `${JSON.stringify(name)}:${name === field ? value : JSON.stringify(good[name] ?? 'seven small boats')}`,
      )
      .join(',')}}`;
  const admin = () => tokenWith(ADMINISTRATOR);

  function isProblem({ status, type, text, code, errors }: Answer): boolean {
    const isOne = type?.startsWith('application/problem+json') === true && typeof code === 'string';
    const { status: said, instance } = JSON.parse(text) as { status: number; instance: string };
    const arePointers = (errors ?? []).every(({ pointer, detail }) => /^(\/.*)?$/su.test(pointer) && detail.length > 0);
    const isPointed = code !== 'validation-failed' || (errors !== undefined && errors.length > 0);
    return isOne && said === status && instance.startsWith('urn:request:') && arePointers && isPointed;
  }

  it('the list of bodies covers every route with a body', () => {
    expect(takers().map(({ method, path }) => `${method} ${path}`)).toEqual(
      expect.arrayContaining([
        'POST /auth/register',
        'POST /auth/login',
        'POST /auth/refresh',
        'POST /auth/password/change',
        'PATCH /users/me',
        'DELETE /users/me',
        `PATCH /users/${ID}`,
        'POST /keys/rotate',
      ]),
    );
  });

  // Each row is complete: Jest would pass a callback for a missing parameter.
  it.each(faults.map(([name, body, statuses, headers = JSON_TYPE]) => [name, body, statuses, headers] as const))(
    'a hostile body is rejected with a problem on both adapters and changes nothing: %s',
    async (_name, body, statuses, headers) => {
      const before = await state();
      const token = admin();
      await inTurns(takers(), async ({ method, path }) => {
        const answer = await bothAnswer(method, path, { token, headers, body });
        expect([method, path, answer.status]).toEqual([method, path, statuses[0]]);
        expect(isProblem(answer)).toBe(true);
      });
      expect(await state()).toEqual(before);
    },
  );

  it('a body with a wrong type is rejected with the pointer of the field', async () => {
    const before = await state();
    const token = admin();
    for (const { method, path, fields } of takers()) {
      for (const field of fields!) {
        const wrong = wrongValues.filter((value) => !Array.isArray(good[field]) || !isList(value));
        await inTurns(wrong, async (value) => {
          const body = bodyWith(fields!, field, value);
          const answer = await bothAnswer(method, path, { token, headers: JSON_TYPE, body });
          const at = [method, path, field, value.slice(0, 40)];
          expect([...at, answer.status, answer.code]).toEqual([...at, 400, 'validation-failed']);
          expect(answer.errors!.every(({ pointer }) => pointer.startsWith(`/${field}`))).toBe(true);
        });
      }
    }
    expect(await state()).toEqual(before);
  });

  it('a body with unusual strings is rejected and never causes a 5xx', async () => {
    const before = await state();
    const token = admin();
    for (const { method, path, fields } of strictTakers()) {
      for (const field of fields!) {
        await inTurns(oddTexts, async (text) => {
          const body = bodyWith(fields!, field, JSON.stringify(text));
          const answer = await bothAnswer(method, path, { token, headers: JSON_TYPE, body });
          const at = [method, path, field, text.slice(0, 40)];
          expect([...at, answer.status >= 400 && answer.status < 500, answer.code]).toEqual([...at, true, answer.code]);
          expect(isProblem(answer)).toBe(true);
        });
      }
    }
    expect(await state()).toEqual(before);
  });

  it('a member named like a built-in member of every object is rejected with a pointer', async () => {
    const before = await state();
    const token = admin();
    const names = ['constructor', 'hasOwnProperty', 'toString', 'valueOf'];
    const body = `{${names.map((name) => `"${name}":1`).join(',')}}`;
    await inTurns(takers(), async ({ method, path }) => {
      const { status, errors } = await bothAnswer(method, path, { token, headers: JSON_TYPE, body });
      const pointers = errors?.map(({ pointer }) => pointer).sort();
      expect([method, path, status, pointers]).toEqual([method, path, 400, names.map((name) => `/${name}`)]);
    });
    expect(await state()).toEqual(before);
  });

  it('a duplicate member is rejected with its pointer before the request has an effect', async () => {
    const before = await state();
    const token = admin();
    for (const { method, path, fields } of takers()) {
      for (const field of fields!) {
        const twice = `{${[1, 2].map(() => `"${field}":"seven small boats"`).join(',')}}`;
        const { status, errors } = await bothAnswer(method, path, { token, headers: JSON_TYPE, body: twice });
        expect([path, status, errors]).toEqual([
          path,
          400,
          [{ pointer: `/${field}`, detail: 'occurs more than once' }],
        ]);
      }
    }
    expect(await state()).toEqual(before);
  });

  it('a missing body or field is rejected with the names of all required fields', async () => {
    const token = admin();
    for (const { method, path, required } of strictTakers().filter((route) => route.required.length > 0)) {
      const [nothing, empty] = [
        await bothAnswer(method, path, { token }),
        await bothAnswer(method, path, { token, headers: JSON_TYPE, body: '{}' }),
      ];
      for (const { status, errors } of [nothing, empty]) {
        const pointers = [...new Set(errors?.map(({ pointer }) => pointer))].sort();
        expect([path, status, pointers]).toEqual([path, 400, required.map((field) => `/${field}`).sort()]);
      }
    }
  });
});

describe('path parameters and query', () => {
  const values = [
    "'",
    '%27%20OR%201=1',
    '%00',
    'a%00b',
    '__proto__',
    'constructor',
    'null',
    'undefined',
    '0',
    '-1',
    'x'.repeat(9_000),
    `${ID}x`,
    ID.toUpperCase(),
    `%7B${ID}%7D`,
    `${ID}%20`,
    '%F0%9F%92%A9',
    '%EF%BF%BD',
    '%0d%0aX-Injected:%201',
    '%E2%80%AE',
    '*',
    '{id}',
  ];

  it('hostile path parameters are rejected alike on both adapters, without a 5xx or an injected header', async () => {
    const before = await state();
    const token = tokenWith(ADMINISTRATOR);
    for (const [method, path] of [
      ['GET', '/users/:id'],
      ['DELETE', '/users/:id'],
      ['POST', '/users/:id/disable'],
      ['POST', '/users/:id/enable'],
      ['DELETE', '/auth/sessions/:id'],
      ['POST', '/keys/:id/kill'],
    ] as const) {
      await inTurns(values, async (value) => {
        const { status, text } = await bothAnswer(method, path.replace(':id', value), { token });
        expect([method, path, value.slice(0, 40), status === 400 || status === 404]).toEqual([
          method,
          path,
          value.slice(0, 40),
          true,
        ]);
        expect(text).not.toMatch(/X-Injected|at .*\.(js|ts):|postgres|syntax/i);
      });
    }
    expect(await state()).toEqual(before);
  });

  it.each([
    'limit=0',
    'limit=-1',
    'limit=1e9',
    'limit=NaN',
    'limit=0x10',
    'limit=1e1',
    'limit=',
    'limit=+7',
    'limit=007',
    'limit=1&limit=2',
    'limit[]=1',
    'limit[a]=1',
    'limit=%00',
    'after=x',
    'after=%00',
    "after='",
    'after[]=x',
    `after=${ID}&after=${ID}`,
    '__proto__[isAdmin]=1',
    'constructor[prototype][isAdmin]=1',
    'order=email;DROP',
  ])('a hostile query is rejected with a problem on both adapters: /users?%s', async (query) => {
    const answer = await bothAnswer('GET', `/users?${query}`, { token: tokenWith(ADMINISTRATOR) });
    expect([answer.status, answer.code]).toEqual([400, 'validation-failed']);
    expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined();
  });

  it.each(['__proto__', 'toString', 'constructor', 'hasOwnProperty'])(
    'a query parameter named like a built-in member of every object is rejected with a pointer: %s',
    async (name) => {
      const answer = await bothAnswer('GET', `/users?${name}=1`, { token: tokenWith(ADMINISTRATOR) });
      expect([answer.status, answer.errors]).toEqual([400, [{ pointer: `/${name}`, detail: 'is not a known field' }]]);
      expect(typeof Object.prototype.toString).toBe('function');
    },
  );

  it.each(['0x10', '1e1', ''])(
    'a query parameter that must be a number of seconds is rejected otherwise: %p',
    async (wait) => {
      const token = tokenWith({ scope: 'revocations:read' });
      const answer = await bothAnswer('GET', `/auth/revocations?wait=${wait}`, { token });
      expect([answer.status, answer.errors]).toEqual([400, [{ pointer: '/wait', detail: 'must be a decimal number' }]]);
    },
  );
});
