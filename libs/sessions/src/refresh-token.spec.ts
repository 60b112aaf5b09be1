import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { isGenuine, readRefreshToken, writeRefreshToken } from './refresh-token.js';

const key = createSecretKey(Buffer.alloc(32, 1));
const other = createSecretKey(Buffer.alloc(32, 2));
const session = { id: '019abfc2-617b-7000-a1b2-c3d4e5f60718', generation: 7, seed: Buffer.alloc(32, 3) };
const token = writeRefreshToken(key, session);

describe('a refresh token', () => {
  it('a refresh token is prt_ and base64url of version, session id, generation and tag', () => {
    const generation = Buffer.from([0, 0, 0, 7]);
    const id = Buffer.from('019abfc2617b7000a1b2c3d4e5f60718', 'hex');
    const tag = createHmac('sha256', key).update(session.seed).update(id).update(generation).digest();
    expect(token).toBe(`prt_${Buffer.concat([Buffer.from([1]), id, generation, tag]).toString('base64url')}`);
  });

  it('writeRefreshToken returns the same string for the same generation', () => {
    expect(writeRefreshToken(key, { ...session })).toBe(token);
  });

  it('readRefreshToken returns the parts that writeRefreshToken encoded', () => {
    const parts = readRefreshToken(token);
    expect(parts).toMatchObject({ sessionId: session.id, generation: 7 });
    expect(isGenuine([key], parts!, session.seed)).toBe(true);
  });

  it('a refresh token can hold the highest integer of PostgreSQL as its generation', () => {
    const last = { ...session, generation: 2 ** 31 - 1 };
    expect(readRefreshToken(writeRefreshToken(key, last))?.generation).toBe(2 ** 31 - 1);
  });

  it('a refresh token stays genuine under a previous secret during a change of secrets', () => {
    const parts = readRefreshToken(token)!;
    expect(isGenuine([other, key], parts, session.seed)).toBe(true);
    expect(isGenuine([other], parts, session.seed)).toBe(false);
  });

  it('a refresh token is not genuine for another seed, another session or another generation', () => {
    const parts = readRefreshToken(token)!;
    expect(isGenuine([key], parts, randomBytes(32))).toBe(false);
    expect(isGenuine([key], { ...parts, generation: 8 }, session.seed)).toBe(false);
    expect(isGenuine([key], { ...parts, sessionId: '019abfc2-617b-7000-a1b2-c3d4e5f60719' }, session.seed)).toBe(false);
  });

  it('a refresh token has exactly one encoding, and any other string is rejected', () => {
    const passes = (text: string): boolean => {
      const parts = readRefreshToken(text);
      return parts !== undefined && isGenuine([key], parts, session.seed);
    };
    const cuts = Array.from({ length: token.length }, (_, end) => token.slice(0, end));
    const tails = Array.from({ length: token.length - 1 }, (_, start) => token.slice(start + 1));
    const flips = Array.from(token, (letter, at) => {
      const flipped = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
      return flipped === letter ? '' : token.slice(0, at) + flipped + token.slice(at + 1);
    });
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=';
    const lasts = Array.from(alphabet, (letter) => token.slice(0, -1) + letter).filter((text) => text !== token);
    const padded = ['=', '==', ' ', '\n', '\0', 'A'].flatMap((extra) => [token + extra, extra + token]);
    const classic = token.replaceAll('-', '+').replaceAll('_', '/');
    const wrong = [...cuts, ...tails, ...flips, ...lasts, ...padded, classic, '', 'prt_', token.slice(4)];
    expect(wrong.filter(passes)).toEqual([]);
    expect(passes(token)).toBe(true);
  });

  it('readRefreshToken rejects another version', () => {
    const bytes = Buffer.from(token.slice(4), 'base64url');
    bytes[0] = 2;
    expect(readRefreshToken(`prt_${bytes.toString('base64url')}`)).toBeUndefined();
  });
});
