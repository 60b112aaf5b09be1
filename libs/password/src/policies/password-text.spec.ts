import { deLeet, passwordText, normalizeForComparison, stripAffixes } from './password-text.js';

describe('passwordText', () => {
  it('normalises the Unicode forms of one password to the same text', () => {
    expect(passwordText('cafe\u0301 \uff21\ufb01', 1024)).toBe(passwordText('caf\u00e9 Afi', 1024));
  });

  it('keeps spaces and every script', () => {
    expect(passwordText('  Добрый вечер 東京 🏰 ', 1024)).toBe('  Добрый вечер 東京 🏰 ');
  });

  it('accepts a password of exactly the maximum bytes, and rejects one byte more', () => {
    expect(passwordText('é'.repeat(512), 1024)).toBe('é'.repeat(512));
    expect(passwordText(`${'é'.repeat(512)}a`, 1024)).toBeUndefined();
    expect(passwordText('a'.repeat(1025), 1024)).toBeUndefined();
  });

  it('rejects a password that exceeds the limit after the normalisation', () => {
    expect(passwordText('\ufdfa'.repeat(60), 1024)).toBeUndefined();
  });
});

describe('normalizeForComparison, deLeet and stripAffixes', () => {
  it('remove case, accents, punctuation, look-alikes and affixes', () => {
    expect(normalizeForComparison('Correct-Hörse 7')).toBe('correcthorse7');
    expect(deLeet('P@$$w0rd')).toBe('password');
    expect(stripAffixes('!!password2026?')).toBe('password');
    expect(stripAffixes('123456')).toBe('');
  });
});
