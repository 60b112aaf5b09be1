import { createHttpAdapter } from './http-adapter.js';
import { completeHttpSettings, rejectOwnTls } from './http-settings.js';

describe('completeHttpSettings', () => {
  it('trusts no proxy and allows no origin by default', () => {
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
    [{ corsOrigins: ['https://x.*.example.com'] }, /one \* as the first label/],
    [{ corsOrigins: ['https://*x.example.com'] }, /one \* as the first label/],
    [{ corsOrigins: ['https://*.com'] }, /one \* as the first label/],
    [{ corsOrigins: ['https://*.example.com:*'] }, /one \* as the first label/],
    [{ corsOrigins: ['file://localhost'] }, /write an origin/],
    [
      { corsOrigins: ['*'], corsCredentials: true },
      /^corsCredentials is true and the origins are "\*": list the origins/,
    ],
    [{ corsAllowedHeaders: ['*'] }, /^corsAllowedHeaders has "\*": write names of headers/],
    [{ corsExposedHeaders: ['A\r\nB'] }, /write names of headers/],
    [{ corsMethods: ['patch'] }, /write methods in capitals/],
    [{ corsMaximumAgeSeconds: -1 }, /write a whole number from 0 to 86400/],
    [{ bodyLimitBytes: 0 }, /write a number above 0/],
    [{ requestTimeoutSeconds: Number.NaN }, /write a number above 0/],
    [{ trustProxy: 'nobody' }, /^trustProxy has "nobody": write addresses or networks/],
    [{ trustProxy: '10.0.0.0/33' }, /write addresses or networks/],
    [{ trustProxy: '10.0.0.1,' }, /write addresses or networks/],
    [{ trustProxy: -1 }, /write the number of proxies/],
    [{ docsPath: '/' }, /write a path/],
    [{ docsPath: '//docs' }, /write a path/],
  ])('rejects %j with a message that names the setting', async (settings, message) => {
    await expect(createHttpAdapter('fastify', settings)).rejects.toThrow(message);
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
  ])('decides for trustProxy %s and the address %s: trusted is %s', (trustProxy, address, isTrusted) => {
    expect(completeHttpSettings({ trustProxy }).trusts(address, 0)).toBe(isTrusted);
  });

  it('trusts as many hops as trustProxy has proxies', () => {
    const { trusts } = completeHttpSettings({ trustProxy: 2 });
    expect([0, 1, 2].map((hop) => trusts('192.0.2.1', hop))).toEqual([true, true, false]);
  });

  it('rejects httpsOptions, because the server does not read them', () => {
    expect(() => rejectOwnTls({ httpsOptions: {} })).toThrow(/terminate TLS at a proxy/);
    expect(() => rejectOwnTls({})).not.toThrow();
  });
});
