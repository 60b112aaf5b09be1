import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { documentOf, PosternModule } from 'postern';
import { attemptRuleOf, CheckedLimitsSettings } from 'postern/limits';
import type { LimitName } from 'postern/limits';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { until } from '../../support/until.js';
import { MailUser } from '../accounts/mailed-links.js';
import { SmtpInbox } from '../mail/smtp-inbox.js';

const PASSWORD = 'seven small boats at noon';
const NEXT = 'nine grey herons by the weir';
const GUIDE = join(import.meta.dirname, '../../../docs/guides/limits-that-stop-guessing.md');
/** The limits of logins and of current passwords, which no decorator of a route names. */
const BY_PASSWORD: readonly string[] = [
  'accountNetwork',
  'account',
  'network',
  'device',
  'failures',
  'networkUnderAttack',
  'confirmation',
];

interface Operation {
  readonly responses: Readonly<Record<string, { readonly headers?: object }>>;
}

describe('the limits of each way in', () => {
  let database: TestDatabase;
  let inbox: SmtpInbox;
  let user: MailUser;
  let document: ReturnType<typeof documentOf>;

  beforeAll(async () => {
    [database, inbox] = [await createTestDatabase(), await SmtpInbox.open()];
    const module = PosternModule.forRoot({
      issuer: 'http://localhost:3000',
      secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
      databaseUrl: database.url,
      password: { argon2: { memoryKiB: 1024, iterations: 1 } },
      mail: { smtpUrl: inbox.url, from: 'no-reply@acme.test' },
      // The first wrong password takes the only point of the account. A day long, no limit refills during the test.
      limits: {
        account: { points: 1, seconds: 86_400 },
        token: { points: 20, seconds: 86_400 },
        mailAddress: { points: 10, seconds: 86_400 },
      },
      controllers: { accountFlows: { magicLink: true } },
    });
    const app = await startTestApplication(module, {
      http: { trustProxy: 'loopback' },
      prepare: (nest) => void (document = documentOf(nest)),
    });
    user = new MailUser(app, inbox);
  });
  afterAll(async () => {
    await user?.app.close();
    await inbox?.close();
    await database?.drop();
  });

  const from = (address: string) => ({ 'x-forwarded-for': address });
  const logIn = (email: string, password: string, address: string) =>
    user.post('/auth/login', { email, password }, undefined, from(address));

  it('B3: while the password of an account meets its limit, each other way in is as the guide says', async () => {
    const email = 'ada@example.com';
    await user.post('/auth/register', { email, password: PASSWORD });
    const { body: pair } = await logIn(email, PASSWORD, '192.0.2.1');
    const token = String(pair['access_token']);
    expect((await logIn(email, 'wrong', '192.0.2.2')).status).toBe(401);
    expect((await logIn(email, PASSWORD, '192.0.2.3')).status).toBe(429);

    const refreshed = await user.post('/auth/refresh', { refresh_token: pair['refresh_token'] });
    expect(refreshed.status).toBe(200);
    expect((await user.app.call('GET', '/users/me', { token })).status).toBe(200);
    const change = { currentPassword: PASSWORD, newPassword: NEXT };
    expect((await user.post('/auth/password/change', change, token)).status).toBe(204);

    const sent = await user.post('/auth/magic-link', { email, binding: 'code' });
    const link = { token: await user.token('magic-link', email), browserCode: sent.body['browserCode'] };
    expect((await user.post('/auth/magic-link/login', link)).status).toBe(200);

    expect((await user.post('/auth/password/forgot', { email })).status).toBe(202);
    const reset = { token: await user.token('reset-password', email), password: PASSWORD };
    const done = await user.post('/auth/password/reset', reset);
    expect(done.status).toBe(204);
    // A reset does not lift the limit, because a guesser with access to the mailbox could repeat it.
    expect((await logIn(email, PASSWORD, '192.0.2.4')).status).toBe(429);
    // The account knows the device of the reset.
    const device = { 'postern-device': done.headers.get('postern-device')! };
    expect((await user.post('/auth/login', { email, password: PASSWORD }, undefined, device)).status).toBe(200);
  });

  it('mails to an address are limited alike for known and unknown addresses, and invalid tokens by network', async () => {
    const statuses = async (email: string, address: string) => {
      const answers = [];
      for (let index = 0; index < 11; index += 1) {
        answers.push((await user.post('/auth/password/forgot', { email }, undefined, from(address))).status);
      }
      return answers;
    };
    await user.post('/auth/register', { email: 'bob@example.com', password: PASSWORD }, undefined, from('192.0.2.5'));
    const unknown = await statuses('nobody@example.com', '192.0.2.6');
    expect(unknown).toEqual([...Array.from({ length: 10 }, () => 202), 429]);
    // The registration has sent a mail to the known one, and counts for it alone.
    expect((await statuses('BOB@example.com', '192.0.2.7')).slice(9)).toEqual([429, 429]);

    const reset = { token: 'x'.repeat(43), password: NEXT };
    const invalid = async () => (await user.post('/auth/password/reset', reset, undefined, from('192.0.2.8'))).status;
    for (let index = 0; index < 20; index += 1) expect(await invalid()).toBe(400);
    // The response does not wait for the counter.
    await until(async () => (await invalid()) === 429);
    const verified = await user.post('/auth/email/verify', { token: reset.token }, undefined, from('192.0.2.8'));
    expect(verified.status).toBe(429);
  });

  it('the table of the guide names each limited route, each limit, and its default', () => {
    const table = /<!-- limits -->([^]*)<!-- \/limits -->/.exec(readFileSync(GUIDE, 'utf8'))![1]!;
    const rows = [...table.matchAll(/^\|[^|]+\|([^|]+)\| `(\w+)` +\|[^|]+\| (\d+) in (\d+) s +\|$/gm)];
    const inGuide = rows.flatMap(([, routes, limit]) =>
      [...routes!.matchAll(/`([A-Z]+ [^`]+)`/g)].map(([, route]) => `${route} ${limit}`),
    );
    const ofDecorators = limitsOfRoutes();
    expect(inGuide.filter((entry) => !BY_PASSWORD.includes(entry.split(' ')[2]!)).toSorted()).toEqual(ofDecorators);

    const limited = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item)
        .filter(([, operation]) => 'RateLimit' in ((operation as Operation).responses['429']?.headers ?? {}))
        .map(([method]) => `${method.toUpperCase()} ${path}`),
    );
    expect([...new Set(inGuide.map((entry) => entry.replace(/ \w+$/, '')))].toSorted()).toEqual(limited.toSorted());

    const settings = new CheckedLimitsSettings();
    const defaults = Object.entries(settings).flatMap(([name, limit]) =>
      typeof limit === 'object' && limit !== null && 'points' in limit
        ? [`${name} ${limit.points} ${limit.seconds}`]
        : [],
    );
    const named = rows.map(([, , limit, points, seconds]) => `${limit} ${points} ${seconds}`);
    expect([...new Set(named)].toSorted()).toEqual(defaults.toSorted());
  });

  function limitsOfRoutes(): string[] {
    const controllers = [...user.app.nest.get(ModulesContainer).values()].flatMap((module) => [
      ...module.controllers.values(),
    ]);
    const scanner = new MetadataScanner();
    return controllers
      .flatMap(({ metatype }) => {
        const prototype = (metatype as { prototype: Record<string, object> }).prototype;
        return scanner.getAllMethodNames(prototype).flatMap((name) => {
          const handler = prototype[name]!;
          const limits: readonly LimitName[] = attemptRuleOf(handler)?.limits ?? [];
          if (limits.length === 0) return [];
          const path = [
            Reflect.getMetadata(PATH_METADATA, metatype as object),
            Reflect.getMetadata(PATH_METADATA, handler),
          ]
            .map((part: string) => part.replace(/^\/|\/$/g, ''))
            .filter((part) => part !== '')
            .join('/');
          const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod];
          return limits.map((limit) => `${method} /${path} ${limit}`);
        });
      })
      .toSorted();
  }
});
