import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import { jwtVerify, createLocalJWKSet } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { AccessTokenVerifier, AuthModule, Clock } from 'postern/auth';
import { ManualClock, TestIssuer, testPrincipal } from './index.js';

describe('TestIssuer', () => {
  const issuer = new TestIssuer('orders');
  const { staticKeys } = issuer.settings;
  const keys = { keys: staticKeys!.map((key) => ('jwk' in key ? key.jwk : {})) } as JSONWebKeySet;

  it('TestIssuer creates access tokens that jose accepts', async () => {
    const token = issuer.token({ subject: 'ada', scopes: ['a', 'b'], sessionId: 's', roles: ['r'], claims: { x: 1 } });
    const expected = { issuer: 'https://issuer.test', audience: 'orders', typ: 'at+jwt' };
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), expected);
    expect(payload).toMatchObject({ sub: 'ada', scope: 'a b', sid: 's', roles: ['r'], x: 1 });
  });

  it('AuthModule trusts a TestIssuer, but not another issuer of the same name', async () => {
    const module = await Test.createTestingModule({ imports: [AuthModule.forRoot(issuer.settings)] }).compile();
    const verifier = module.get(AccessTokenVerifier);
    await expect(verifier.verify(issuer.token({ subject: 'ada' }))).resolves.toMatchObject({ subject: 'ada' });
    const stranger = new TestIssuer('orders').token({ subject: 'ada' });
    await expect(verifier.verify(stranger)).rejects.toMatchObject({ status: 401 });
    await expect(verifier.verify(issuer.token({ subject: 'ada', lifetimeSeconds: -10 }))).rejects.toMatchObject({
      status: 401,
    });
  });
});

describe('ManualClock', () => {
  it('ManualClock makes a token expire without waiting', async () => {
    const issuer = new TestIssuer('orders');
    const imports = [AuthModule.forRoot({ ...issuer.settings, clock: ManualClock })];
    const module = await Test.createTestingModule({ imports }).compile();
    const verifier = module.get(AccessTokenVerifier);
    const token = issuer.token({ subject: 'ada', lifetimeSeconds: 60 });
    await expect(verifier.verify(token)).resolves.toBeDefined();
    module.get<ManualClock>(Clock).advance(66);
    await expect(verifier.verify(token)).rejects.toMatchObject({ status: 401 });
  });

  it('ManualClock moves only by advance() and set()', () => {
    const clock = new ManualClock();
    const began = clock.now();
    clock.advance(1.5);
    expect(clock.now()).toBe(began + 1500);
    clock.set(new Date(7));
    expect(clock.now()).toBe(7);
  });
});

describe('testPrincipal', () => {
  it('testPrincipal returns a frozen principal whose claims match its members', () => {
    const principal = testPrincipal({ subject: 'ada', claims: { cost_centre: 'CC-1' } });
    expect(principal).toMatchObject({ subject: 'ada', claims: { sub: 'ada', cost_centre: 'CC-1' } });
    expect(Object.isFrozen(principal) && Object.isFrozen(principal.claims)).toBe(true);
  });
});

describe('the specifications without Jest', () => {
  /** The output of a process that tests a correct mapper and a wrong one. */
  function printedBy(flags: string[], before = '', env: NodeJS.ProcessEnv = {}): string {
    const program = `
      import { principalMapperSpec, runSpecificationsWith, testPrincipal } from './libs/testing/src/index.ts';
      ${before}
      const knows = [testPrincipal()];
      principalMapperSpec(() => ({ map: (principal) => principal }), { knows });
      principalMapperSpec(() => ({ map: () => undefined }), { knows });
    `;
    const options = [
      ...flags,
      '--import',
      './test/support/register-typescript.mjs',
      '--input-type=module',
      '-e',
      program,
    ];
    const { stdout, stderr } = spawnSync(process.execPath, options, {
      cwd: join(import.meta.dirname, '../../..'),
      encoding: 'utf8',
      env: { PATH: process.env.PATH, ...env },
    });
    return stdout + stderr;
  }

  it('node:test runs the specifications and reports a failing port', () => {
    expect(printedBy(['--test-reporter=tap'])).toMatch(/# pass 7\n# fail 1\n/);
    expect(printedBy([], '', { NODE_TEST_CONTEXT: 'child' })).toMatch(/# pass 7\n# fail 1\n/);
  });

  it('runSpecificationsWith sets the test runner', () => {
    const before = `import { describe, it } from 'node:test'; runSpecificationsWith({ describe, it });`;
    expect(printedBy([], before)).toMatch(/pass 7\n.*fail 1\n/);
  });

  it('a specification throws without a test runner, such as under Vitest without globals', () => {
    const printed = printedBy([], '', { VITEST: 'true' });
    expect(printed).toContain('need `describe` and `it`: import them from your test runner');
    expect(printed).not.toMatch(/pass \d/);
  });
});
