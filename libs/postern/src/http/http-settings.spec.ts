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
    [{ docsPath: '/' }, /write a path/],
    [{ docsPath: '//docs' }, /write a path/],
  ])('refuse %j with a sentence', async (settings, sentence) => {
    await expect(createHttpAdapter('fastify', settings)).rejects.toThrow(sentence);
  });

  it('do not let TLS be switched on where nothing would read it', () => {
    expect(() => refuseOwnTls({ httpsOptions: {} })).toThrow(/end TLS at a proxy/);
    expect(() => refuseOwnTls({})).not.toThrow();
  });
});
