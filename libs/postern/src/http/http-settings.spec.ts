import { createHttpAdapter } from './http-adapter.js';
import { completeHttpSettings, refuseOwnTls } from './http-settings.js';

describe('the HTTP settings', () => {
  it('trust nobody and open nothing until they are told to', () => {
    expect(completeHttpSettings({})).toMatchObject({
      bodyLimitBytes: 102_400,
      corsOrigins: [],
      trustProxy: false,
      strictTransportSecurity: false,
    });
  });

  it.each([
    [{ corsOrigins: ['https://app.example/'] }, /write an origin without a path/],
    [{ corsOrigins: ['null'] }, /write an origin/],
    [{ corsOrigins: ['*.example.com'] }, /write an origin/],
    [{ bodyLimitBytes: 0 }, /write a number above 0/],
    [{ requestTimeoutSeconds: Number.NaN }, /write a number above 0/],
    [{ trustProxy: 'nobody' }, /^trustProxy has "nobody": write addresses or networks/],
    [{ trustProxy: '10.0.0.0/33' }, /write addresses or networks/],
    [{ trustProxy: '10.0.0.1,' }, /write addresses or networks/],
    [{ trustProxy: -1 }, /write how many proxies/],
    [{ docsPath: '/' }, /write a path/],
    [{ docsPath: '//docs' }, /write a path/],
  ])('refuse %j with a sentence', async (settings, sentence) => {
    await expect(createHttpAdapter('fastify', settings)).rejects.toThrow(sentence);
  });

  it.each([
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['10.0.0.0/8', '11.1.2.3', false],
    ['loopback', '::1', true],
    ['linklocal', 'fe80::1%eth0', true],
    ['fc00::/7, 192.0.2.1', 'fd00::1', true],
    ['fc00::/7, 192.0.2.1', '192.0.2.2', false],
    ['10.0.0.0/8', 'unknown', false],
    ['10.0.0.0/8', '', false],
  ])('with trustProxy %s: is %s trusted? %s', (trustProxy, address, isTrusted) => {
    expect(completeHttpSettings({ trustProxy }).trusts(address, 0)).toBe(isTrusted);
  });

  it('count the proxies in front where they are told how many', () => {
    const { trusts } = completeHttpSettings({ trustProxy: 2 });
    expect([0, 1, 2].map((hop) => trusts('192.0.2.1', hop))).toEqual([true, true, false]);
  });

  it('do not let TLS be switched on where nothing would read it', () => {
    expect(() => refuseOwnTls({ httpsOptions: {} })).toThrow(/end TLS at a proxy/);
    expect(() => refuseOwnTls({})).not.toThrow();
  });
});
