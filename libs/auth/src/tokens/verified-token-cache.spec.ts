import { createHash } from 'node:crypto';
import { VerifiedToken, VerifiedTokenCache } from './verified-token-cache.js';
import type { Principal } from '../guard/principal.js';

const tokenOf = (text: string, validUntil = 1_000): VerifiedToken =>
  new VerifiedToken(text, {} as Principal, 'ES256', 0, validUntil);
const cacheOf = (entries: number, bytes: number): VerifiedTokenCache =>
  new VerifiedTokenCache({ rememberedProofs: { entries, bytes } });
const BYTES = 1 * 4 + 1_024;

/** Adds the token twice, as the verifier does with a token that comes a second time. */
function addTwice(cache: VerifiedTokenCache, token: VerifiedToken, now: number): void {
  cache.add(token, now);
  cache.add(token, now);
}

describe('VerifiedTokenCache', () => {
  it('VerifiedTokenCache finds a token by its whole text', () => {
    const cache = cacheOf(10, 1e6);
    const one = tokenOf('token');
    addTwice(cache, one, 0);
    expect(cache.get('token')).toBe(one);
    expect(cache.get('token ')).toBeUndefined();
    cache.delete('token');
    expect([cache.get('token'), cache.size]).toEqual([undefined, 0]);
  });

  it('VerifiedTokenCache caches a token when it is verified for the second time, and not before', () => {
    const cache = cacheOf(10, 1e6);
    const [first, second] = [tokenOf('token'), tokenOf('token')];
    cache.add(first, 0);
    expect([cache.get('token'), cache.size]).toEqual([undefined, 0]);
    cache.add(second, 0);
    expect(cache.get('token')).toBe(second);
  });

  it('VerifiedTokenCache caches every token that is used repeatedly, even if 10,000 tokens rotate', () => {
    const cache = cacheOf(10_000, 1e9);
    const tokens = Array.from({ length: 10_000 }, (_, at) => createHash('sha256').update(`${at}`).digest('base64url'));
    for (let round = 0; round < 50; round += 1) {
      for (const token of tokens) if (cache.get(token) === undefined) cache.add(tokenOf(token), 0);
    }
    expect(cache.size).toBe(tokens.length);
  });

  it('VerifiedTokenCache keeps a used token while 50,000 other tokens are used once each', () => {
    const cache = cacheOf(3, 1e6);
    addTwice(cache, tokenOf('used'), 0);
    for (let at = 0; at < 50_000; at += 1) cache.add(tokenOf(`once ${at}`), 0);
    expect([cache.get('used') !== undefined, cache.size]).toEqual([true, 1]);
  });

  it('VerifiedTokenCache distinguishes two texts with the same ending', () => {
    const cache = cacheOf(10, 1e6);
    const end = 's'.repeat(86);
    addTwice(cache, tokenOf(`a.${end}`), 0);
    expect(cache.get(`b.${end}`)).toBeUndefined();
    expect(cache.get(end)).toBeUndefined();
    cache.delete(`b.${end}`);
    expect(cache.get(`a.${end}`)).toBeDefined();
    addTwice(cache, tokenOf(`b.${end}`), 0);
    expect([cache.size, cache.get(`a.${end}`)]).toEqual([1, undefined]);
  });

  it('VerifiedTokenCache holds at most the configured number of entries, and evicts the oldest', () => {
    const cache = cacheOf(3, 1e6);
    for (const token of ['a', 'b', 'c', 'd']) addTwice(cache, tokenOf(token), 0);
    expect(['a', 'b', 'c', 'd'].map((token) => cache.get(token) !== undefined)).toEqual([false, true, true, true]);
  });

  it('VerifiedTokenCache keeps a used entry and evicts an unused one', () => {
    const cache = cacheOf(3, 1e6);
    for (const token of ['a', 'b', 'c']) addTwice(cache, tokenOf(token), 0);
    cache.get('a');
    addTwice(cache, tokenOf('d'), 0);
    expect(['a', 'b', 'c', 'd'].map((token) => cache.get(token) !== undefined)).toEqual([true, false, true, true]);
  });

  it('VerifiedTokenCache holds at most the configured number of bytes', () => {
    const cache = cacheOf(1_000, 10 * BYTES);
    for (let at = 0; at < 500; at += 1) addTwice(cache, tokenOf(String.fromCodePoint(0x4e00 + at)), 0);
    expect(cache.size).toBe(10);
    addTwice(cache, tokenOf('x'.repeat(20_000)), 0);
    expect(cache.get('x'.repeat(20_000))).toBeUndefined();
  });

  it('VerifiedTokenCache stays within its bounds if every entry is in use', () => {
    const cache = cacheOf(50, 1e6);
    for (let at = 0; at < 1_000; at += 1) {
      addTwice(cache, tokenOf(`t${at}`), 0);
      for (let used = 0; used <= at; used += 1) cache.get(`t${used}`);
      expect(cache.size).toBeLessThanOrEqual(50);
    }
  });

  it('VerifiedTokenCache evicts expired entries when a new entry is added', () => {
    const cache = cacheOf(10, 1e6);
    addTwice(cache, tokenOf('old', 10), 0);
    addTwice(cache, tokenOf('new', 1_000), 10);
    expect([cache.get('old'), cache.size]).toEqual([undefined, 1]);
  });

  it('VerifiedTokenCache counts the bytes of a token once if it is added twice', () => {
    const cache = cacheOf(10, 2 * BYTES);
    for (let at = 0; at < 10; at += 1) addTwice(cache, tokenOf('a'), 0);
    addTwice(cache, tokenOf('b'), 0);
    expect(cache.size).toBe(2);
  });
});
