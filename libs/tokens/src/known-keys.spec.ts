import { createSecretKey } from 'node:crypto';
import type { KeyStore } from './key-store.js';
import { KnownKeys } from './known-keys.js';
import { SigningKeys, type PublicSigningKey } from './signing-keys.js';
import { CheckedTokensSettings } from './tokens.settings.js';

const issuer = 'https://id.example.com';
const key = (kid: string, rest: Partial<PublicSigningKey> = {}): PublicSigningKey => ({
  kid,
  alg: 'ES256',
  key: createSecretKey(Buffer.alloc(32)),
  ...rest,
});

class HeldKeys extends SigningKeys {
  held: PublicSigningKey[] = [key('a')];
  asked = 0;
  answer = () => Promise.resolve();

  override async keys() {
    this.asked += 1;
    const held = [...this.held];
    await this.answer();
    return held;
  }
  override sign() {
    return Promise.reject(new Error('not asked for'));
  }
}

function knowing(killed: string[] = []) {
  const keys = new HeldKeys();
  const time = { ms: 1_000_000 };
  const store = { killedIds: () => Promise.resolve(new Set(killed)) } as unknown as KeyStore;
  const settings = new CheckedTokensSettings({ issuer, audience: 'api', secret: 'unused here' });
  return { keys, time, known: new KnownKeys(keys, store, { now: () => time.ms }, settings) };
}

describe('KnownKeys', () => {
  it('answers from memory for a key that it knows', async () => {
    const { known, keys } = knowing();
    await known.refresh();
    expect(known.find(issuer, 'a')).toMatchObject({ kid: 'a' });
    expect(known.isLive(issuer, 'a')).toBe(true);
    expect(keys.asked).toBe(1);
  });

  it('knows no key of another issuer, and none without a name', async () => {
    const { known } = knowing();
    await known.refresh();
    expect(known.find('https://other.example.com', 'a')).toBeUndefined();
    expect(known.find(issuer, undefined)).toBeUndefined();
    expect(known.isLive('https://other.example.com', 'a')).toBe(false);
  });

  it('asks once for however many tokens that name unknown keys', async () => {
    const { known, keys } = knowing();
    await known.refresh();
    keys.held.push(key('b'));
    const found = await Promise.all(
      Array.from({ length: 500 }, async (_, index) => known.find(issuer, index ? `x${index}` : 'b')),
    );
    expect(found.filter(Boolean)).toHaveLength(1);
    expect(keys.asked).toBe(2);
  });

  it('does not take a reading that began before the change for one that knows of it', async () => {
    const { known, keys } = knowing();
    let goOn = () => {};
    keys.answer = () => new Promise<void>((resolve) => (goOn = resolve));
    const before = known.refresh();
    await new Promise(setImmediate);
    keys.held = [key('c')];
    keys.answer = () => Promise.resolve();
    const after = known.refresh();
    goOn();
    await Promise.all([before, after]);
    expect(known.published().map(({ kid }) => kid)).toEqual(['c']);
  });

  it('lets a key prove until it is gone, and sign only while it is active', async () => {
    const { known, keys, time } = knowing();
    keys.held = [
      key('a', { activeAt: new Date(0), retiredAt: new Date(2_000_000), goneAt: new Date(3_000_000) }),
      key('b', { activeAt: new Date(2_000_000) }),
    ];
    await known.refresh();
    expect((await known.signingKey()).kid).toBe('a');
    time.ms = 2_000_000;
    expect((await known.signingKey()).kid).toBe('b');
    expect(known.isLive(issuer, 'a')).toBe(true);
    time.ms = 3_000_000;
    expect(known.isLive(issuer, 'a')).toBe(false);
    expect(known.published().map(({ kid }) => kid)).toEqual(['b']);
  });

  it('knows no killed key, wherever it lives', async () => {
    const { known } = knowing(['a']);
    await known.refresh();
    expect(known.published()).toEqual([]);
    await expect(known.signingKey()).rejects.toMatchObject({ code: 'no-active-key' });
  });

  it('does not sign by what it cannot have read, and goes on proving what it knows', async () => {
    const { known, keys } = knowing();
    keys.answer = () => Promise.reject(new Error('the database is away'));
    await expect(known.signingKey()).rejects.toMatchObject({ code: 'no-active-key', status: 503 });
    keys.answer = () => Promise.resolve();
    await known.refresh();
    keys.answer = () => Promise.reject(new Error('the database is away'));
    await expect(known.refresh()).rejects.toThrow('away');
    expect(known.isLive(issuer, 'a')).toBe(true);
  });
});
