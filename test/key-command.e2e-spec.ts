import { setTimeout as delay } from 'node:timers/promises';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { build, type Outcome, runBuilt, startBuiltServer, temporaryFolder } from './built-server.js';

const environment = { POSTERN_ISSUER: 'http://localhost:3000' };

describe('npm run keys', () => {
  const folder = temporaryFolder();
  beforeAll(() => build(), 300_000);
  afterAll(() => folder.remove());

  const run = (program: 'keys' | 'token', ...args: string[]): Outcome =>
    runBuilt(program, args, environment, folder.path);

  const keys = (...args: string[]): string[][] => {
    const { status, stdout, stderr } = run('keys', ...args);
    expect([status, stderr]).toEqual([0, '']);
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' '));
  };

  it('lists, rotates and kills beside a running server, which refuses within a second and tells its followers', async () => {
    const server = await startBuiltServer(environment, folder.path);
    try {
      const [[kid, algorithm, state] = []] = keys('list');
      expect([algorithm, state]).toEqual(['ES256', 'active']);
      const announced = keys('rotate').filter((key) => key[2] === 'announced');
      expect(announced).toHaveLength(1);

      const asked = ['--scope', 'revocations:read', '--subject', 'orders'];
      const stolen = run('token', ...asked).stdout.trim();
      expect(decodeProtectedHeader(stolen).kid).toBe(kid);
      const feed = (token: string): Promise<Response> =>
        fetch(`${server.url}/auth/revocations`, {
          headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
        });
      expect((await feed(stolen)).status).toBe(200);

      expect(keys('kill', kid!)).toEqual(
        expect.arrayContaining([
          [kid, 'ES256', 'killed'],
          [announced[0]![0], 'ES256', 'active'],
        ]),
      );
      await delay(1000);
      expect((await feed(stolen)).status).toBe(401);
      const { keys: published } = (await (await fetch(`${server.url}/.well-known/jwks.json`)).json()) as {
        keys: { kid: string }[];
      };
      expect(published.map((key) => key.kid)).toEqual([announced[0]![0]]);
      const told = await (await feed(run('token', ...asked).stdout.trim())).text();
      const events = [...told.matchAll(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g)].map(([token]) => decodeJwt(token));
      expect(JSON.stringify(events)).toContain(kid);
    } finally {
      await server.stop();
    }
  }, 120_000);

  it.each([
    [[], 'Write one of'],
    [['kill'], 'Write one of'],
    [['list', 'all'], 'Write one of'],
    [['kill', 'no-such-key'], 'There is no signing key with this id.'],
  ])('says what is wrong with %j, and how it is used', (args, sentence) => {
    const { status, stdout, stderr } = run('keys', ...args);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(sentence);
    expect(stderr).toContain('npm run --silent keys');
  });
});
