import { isNormalEmail, normalizeEmail } from './email-address.js';
import { InvalidEmailError } from './users.errors.js';

describe('normalizeEmail', () => {
  it.each([
    ['Ada@Example.COM', 'ada@example.com'],
    ['  ada@example.com\t', 'ada@example.com'],
    ['\u00a0ada@example.com', 'ada@example.com'],
    ['\uff21da\uff20example\uff0ecom', 'ada@example.com'],
    ['ada+news@example.com', 'ada+news@example.com'],
    ['a.d.a@example.com', 'a.d.a@example.com'],
    ['ada@Stra\u00dfe.de', 'ada@xn--strae-oqa.de'],
    ['ada@\u4f8b\u3048\u3002jp', 'ada@xn--r8jz45g.jp'],
    ['ZO\u00cb@example.com', 'zo\u00eb@example.com'],
    ['ZOE\u0308@example.com', 'zo\u00eb@example.com'],
    ["o'hara@example.com", "o'hara@example.com"],
  ])('normalizeEmail changes %j to %j', (text, normal) => {
    expect(normalizeEmail(text)).toBe(normal);
  });

  it.each([
    '',
    'ada',
    '@example.com',
    'ada@',
    'ada@localhost',
    'ada@@example.com',
    'a da@example.com',
    'ada@exam ple.com',
    '.ada@example.com',
    'ada.@example.com',
    'a..da@example.com',
    '"ada"@example.com',
    'ada@[192.0.2.1]',
    'ada@192.0.2.1',
    'ada@1.2.3',
    'ada@%41.com',
    'ada@example..com',
    'ada@example.com.',
    'ada@-example.com',
    'ada@example_.com',
    'ada@xn--zz.com',
    'ada <ada@example.com>',
    'ada@example.com,eve@example.com',
    'ada\u0000@example.com',
    'ada@example.com\r\nBcc: eve@example.com',
    'a\u200bda@example.com',
    'a\u00adda@example.com',
    'ada\u202e@example.com',
    'a\ufe0fda@example.com',
    'a\u034fda@example.com',
    'ada\ud800@example.com',
    `${'a'.repeat(65)}@example.com`,
    `${'\u00eb'.repeat(33)}@example.com`,
    `a@${'a'.repeat(64)}.com`,
    `a@${'a.'.repeat(126)}com`,
    `${' '.repeat(2000)}ada@example.com`,
  ])('normalizeEmail rejects %j', (text) => {
    expect(() => normalizeEmail(text)).toThrow(InvalidEmailError);
  });

  it('normalizeEmail accepts 64 octets before the @ and 254 octets in all', () => {
    const domain = `${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(57)}.com`;
    const longest = `${'a'.repeat(64)}@${domain}`;
    expect(longest).toHaveLength(254);
    expect(normalizeEmail(longest)).toBe(longest);
    expect(() => normalizeEmail(longest.replace('@', '@e'))).toThrow(InvalidEmailError);
  });

  it('normalizeEmail returns a string that is its own normal form, for every letter', () => {
    const wrong: string[] = [];
    let seen = 0;
    for (let point = 0x80; point <= 0x2ffff; point += 1) {
      const letter = String.fromCodePoint(point);
      const folded = letter.normalize('NFKC').toLowerCase();
      // Only letters that change once could change again.
      const isLetter = /^[\p{L}\p{N}\p{M}]+$/u.test(folded) && !/\p{Default_Ignorable_Code_Point}/u.test(folded);
      if (folded === letter || !isLetter) continue;
      seen += 1;
      if (!isNormalEmail(normalizeEmail(`a${letter}b@example.com`))) wrong.push(point.toString(16));
    }
    expect(seen).toBeGreaterThan(1000);
    expect(wrong).toEqual([]);
  });

  it('normalizeEmail rejects a value that is not a string', () => {
    for (const value of [undefined, null, 7, {}, ['ada@example.com']]) {
      expect(() => normalizeEmail(value as string)).toThrow(InvalidEmailError);
      expect(isNormalEmail(value)).toBe(false);
    }
  });
});
