import { randomBytes } from 'node:crypto';
import { isBase64url, textOfBase64url } from './base64url.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('isBase64url', () => {
  it('isBase64url accepts the output of Node for any length', () => {
    for (let length = 1; length < 200; length += 1) {
      expect(isBase64url(randomBytes(length).toString('base64url'))).toBe(true);
    }
  });

  it.each(['', 'A', 'AAAAA', 'AA==', 'AAA=', 'AA AA', 'AAAA\n', '\nAAAA', 'AA+A', 'AA/A', 'AA.A', 'AAÀA', 'AA\u0000A'])(
    'isBase64url rejects %j',
    (text) => expect(isBase64url(text)).toBe(false),
  );

  it('isBase64url rejects every second spelling of the same bytes', () => {
    for (const last of ALPHABET) {
      for (const start of ['x', 'xy', '-AAAx', '_AAAxy']) {
        const text = `${start}${last}`;
        expect([text, isBase64url(text)]).toEqual([
          text,
          Buffer.from(text, 'base64url').toString('base64url') === text,
        ]);
      }
    }
  });
});

describe('textOfBase64url', () => {
  const encoded = (bytes: Buffer | string): string => Buffer.from(bytes as string).toString('base64url');

  it.each(['{}', 'ä€😀', '\uFFFD', '\uFEFF{}', 'x'.repeat(20_000)])('textOfBase64url decodes text %#', (text) => {
    expect(textOfBase64url(encoded(text))).toBe(text);
  });

  it.each([[[0xff]], [[0xc0, 0x80]], [[0xed, 0xa0, 0x80]], [[0x7b, 0xe2, 0x82]], [[0xef, 0xbf, 0xbd, 0xff]]])(
    'textOfBase64url returns undefined for the bytes %j, which are not UTF-8',
    (bytes) => expect(textOfBase64url(encoded(Buffer.from(bytes)))).toBeUndefined(),
  );

  it('textOfBase64url decodes a short text correctly after a long one', () => {
    expect(textOfBase64url(encoded('a long text'))).toBe('a long text');
    expect(textOfBase64url(encoded('ab'))).toBe('ab');
  });
});
