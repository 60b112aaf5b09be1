import { decodeJwt } from 'jose';
import { build, runBuilt, startBuiltServer, temporaryFolder } from '../support/built-server.js';
import type { Outcome } from '../support/built-server.js';

const environment = { POSTERN_ISSUER: 'http://localhost:3000' };

describe('npm run token', () => {
  const folder = temporaryFolder();
  beforeAll(async () => {
    build();
    await (await startBuiltServer(environment, folder.path)).stop();
  }, 300_000);
  afterAll(() => folder.remove());

  const token = (...args: string[]): Outcome => runBuilt('token', args, environment, folder.path);

  it('npm run token creates a token with and without a running server, and the token opens only the feed', async () => {
    const asked = ['--scope', 'revocations:read', '--subject', 'orders'];
    const before = token(...asked);
    expect([before.status, before.stderr]).toEqual([0, '']);
    const server = await startBuiltServer(environment, folder.path);
    try {
      const beside = token(...asked, '--seconds', '60');
      expect(beside.stdout).toMatch(/^[\w.-]+\n$/);
      const { sub, scope, iat, exp } = decodeJwt(beside.stdout.trim());
      expect({ sub, scope, lifetime: exp! - iat! }).toEqual({
        sub: 'orders',
        scope: 'revocations:read',
        lifetime: 60,
      });
      for (const { stdout } of [before, beside]) {
        const headers = { authorization: `Bearer ${stdout.trim()}` };
        expect((await fetch(`${server.url}/auth/revocations`, { headers })).status).toBe(200);
        expect((await fetch(`${server.url}/keys`, { headers })).status).toBe(403);
      }
    } finally {
      await server.stop();
    }
  }, 120_000);

  it('npm run token issues no token for another issuer than that of the server, and names the variables', () => {
    const asked = ['--scope', 'revocations:read', '--subject', 'orders'];
    const { status, stdout, stderr } = runBuilt('token', asked, { PORT: '4310' }, folder.path);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /is the issuer http:\/\/localhost:3000, but this command has the issuer http:\/\/localhost:4310\. Set POSTERN_ISSUER=http:\/\/localhost:3000/,
    );
  });

  it.each([
    [['--subject', 'orders'], '--scope must name'],
    [['--scope', 'revocations:read'], '--subject must name'],
    [['--scope', 'a', '--subject', 'b', '--seconds', '86401'], '--seconds must be'],
    [['--scope', 'a', '--subject', 'b', '--seconds', '1e3'], '--seconds must be'],
    [['--scope', 'a', '--subject', 'b', '--seconds', '0x10'], '--seconds must be'],
    [['--scope', 'a', '--subject', 'b', '--seconds', ' 60 '], '--seconds must be'],
    [['--scope', 'a', '--subject', 'b', '--for-ever'], '--for-ever'],
    [['--scope', 'a', '--subject', ' '], '--subject must name'],
    [['--scope', 'a', '--subject', 'b', '--audience', ''], '--audience must not be empty'],
    [['--scope', 'a', '--subject', 'b', '--audience', 'c', '--audience', ' '], '--audience must not be empty'],
  ])('npm run token explains the error in %j and shows its usage', (args, sentence) => {
    const { status, stdout, stderr } = token(...args);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(sentence);
    expect(stderr).toContain('npm run --silent token');
  });
});
