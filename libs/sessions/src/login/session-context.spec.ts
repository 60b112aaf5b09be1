import { sessionContextOf } from './session-context.js';

const request = (userAgent?: string | string[], ip?: string) => ({
  headers: { 'user-agent': userAgent },
  ...(ip !== undefined && { ip }),
});

describe('the context of a request', () => {
  it('the context of a request is its User-Agent, its IP address, and the authentication methods of the caller', () => {
    const context = sessionContextOf(request('curl/8.5.0', '203.0.113.7'), ['pwd']);
    expect(context).toEqual({ userAgent: 'curl/8.5.0', ipAddress: '203.0.113.7', amr: ['pwd'] });
  });

  it('the context omits a header or an address that the request does not have', () => {
    expect(sessionContextOf(request())).toEqual({ amr: [] });
    expect(sessionContextOf(request('  '))).toEqual({ amr: [] });
  });

  it('the context keeps at most 512 characters of a User-Agent', () => {
    expect(sessionContextOf(request('x'.repeat(100_000))).userAgent).toHaveLength(512);
  });

  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['0:0:0:0:0:FFFF:CB00:7107', '203.0.113.7'],
    ['[::ffff:203.0.113.7]:51234', '203.0.113.7'],
    ['2001:db8::ffff:203.0.113.7', '2001:db8::ffff:203.0.113.7'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['203.0.113.7:51234', '203.0.113.7'],
    ['[2001:db8::1]:51234', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['<b>x', undefined],
    ['unknown', undefined],
    ['203.0.113.700', undefined],
    ['1'.repeat(100), undefined],
    [`fe80::1%${'a'.repeat(100)}`, undefined],
  ])('the context keeps a forwarded value only if it is an IP address: %s', (forwarded, address) => {
    expect(sessionContextOf(request('x', forwarded)).ipAddress).toBe(address);
  });

  it('the context drops control characters and lone surrogates from the User-Agent', () => {
    expect(sessionContextOf(request('a\u0000b\r\nc\u007fd\ud800')).userAgent).toBe('abcd');
    expect(sessionContextOf(request(`${'x'.repeat(511)}😀`)).userAgent).toBe('x'.repeat(511));
  });
});
