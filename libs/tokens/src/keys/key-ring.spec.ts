import { createSecretKey } from 'node:crypto';
import type { SigningKeyTable } from './signing-key-table.js';
import type { PrivateKeyEncryption } from './private-key-encryption.js';
import { KeyRing } from './key-ring.js';
import { SigningKeys } from './signing-keys.js';
import type { PublicSigningKey } from './signing-keys.js';
import { DatabaseSigningKeys } from './database-signing-keys.js';
import { CheckedTokensSettings } from '../tokens.settings.js';
import type { TokensSettings } from '../tokens.settings.js';

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

/** Keys of the ring in the database: only these have a rotation plan. */
class HeldRing extends DatabaseSigningKeys {
  constructor(private readonly held: readonly PublicSigningKey[]) {
    super({} as SigningKeyTable, {} as PrivateKeyEncryption);
  }
  override keys() {
    return Promise.resolve(this.held);
  }
}

function knowing(killed: string[] = []) {
  const keys = new HeldKeys();
  const time = { ms: 1_000_000 };
  const store = { killedIds: () => Promise.resolve(new Set(killed)) } as unknown as SigningKeyTable;
  const settings = new CheckedTokensSettings({ issuer, audience: 'api', secret: 'unused here' });
  return { keys, time, known: new KeyRing(keys, store, { now: () => time.ms }, settings) };
}

describe('KeyRing', () => {
  it('KeyRing finds a known key in memory', async () => {
    const { known, keys } = knowing();
    await known.refresh();
    expect(known.find(issuer, 'a')).toMatchObject({ kid: 'a' });
    expect(known.isLive(issuer, 'a')).toBe(true);
    expect(keys.asked).toBe(1);
  });

  it('KeyRing finds no key of another issuer, and no key without a kid', async () => {
    const { known } = knowing();
    await known.refresh();
    expect(known.find('https://other.example.com', 'a')).toBeUndefined();
    expect(known.find(issuer, undefined)).toBeUndefined();
    expect(known.isLive('https://other.example.com', 'a')).toBe(false);
  });

  it('KeyRing reads the keys once for any number of tokens with unknown keys', async () => {
    const { known, keys } = knowing();
    await known.refresh();
    keys.held.push(key('b'));
    const found = await Promise.all(
      Array.from({ length: 500 }, async (_, index) => known.find(issuer, index ? `x${index}` : 'b')),
    );
    expect(found.filter(Boolean)).toHaveLength(1);
    expect(keys.asked).toBe(2);
  });

  it('KeyRing.refresh waits for a read that began after the call', async () => {
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

  it('a key verifies until it is gone, and signs only while it is active', async () => {
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

  it('KeyRing has no killed key, even if a signer still has it', async () => {
    const { known } = knowing(['a']);
    await known.refresh();
    expect(known.published()).toEqual([]);
    await expect(known.signingKey()).rejects.toMatchObject({ code: 'no-active-key' });
  });

  it('KeyRing does not sign without a recent read, and still verifies with the known keys', async () => {
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

describe('KeyRing with the former algorithm as an additional one', () => {
  const now = 1_000_000;
  const since = (kid: string, announced: number, active: number, rest: Partial<PublicSigningKey> = {}) =>
    key(kid, { announcedAt: new Date(announced * 1000), activeAt: new Date(active * 1000), ...rest });
  const kept = since('a', 0, 0);
  const waiting = since('b', 900, 1270, { alg: 'PS256' });

  async function signing(held: PublicSigningKey[], settings: Partial<TokensSettings> = {}, isOfSigner = false) {
    const keys = isOfSigner ? Object.assign(new HeldKeys(), { held }) : new HeldRing(held);
    const store = { killedIds: () => Promise.resolve(new Set()) } as unknown as SigningKeyTable;
    const common = { issuer, audience: 'api', secret: 'unused here', algorithm: 'PS256' } as const;
    const checked = new CheckedTokensSettings({ ...common, additionalAlgorithms: ['ES256'], ...settings });
    const known = new KeyRing(keys, store, { now: () => now }, checked);
    return async (algorithm?: 'PS256' | 'ES256') => (await known.signingKey(algorithm)).kid;
  }

  it('the former key signs until the new key is active, also if the caller names the new algorithm', async () => {
    const kid = await signing([kept, waiting]);
    expect([await kid(), await kid('ES256'), await kid('PS256')]).toEqual(['a', 'a', 'a']);
    expect(await (await signing([kept, since('b', 600, 910, { alg: 'PS256' })]))()).toBe('b');
  });

  it('the former key signs in a process whose servers still use the former algorithm', async () => {
    expect(await (await signing([kept]))()).toBe('a');
  });

  it.each([
    ['made', since('b', 1030, 1030, { alg: 'PS256' })],
    ['hurried', since('b', 900, 1030, { alg: 'PS256' })],
  ])('the key that was %s after a kill signs at once, even if this clock is late', async (_name, successor) => {
    expect(await (await signing([kept, successor]))()).toBe('b');
  });

  it('the interim key was announced before the new key, and the first listed algorithm wins', async () => {
    const later = since('c', 900, 900, { alg: 'RS256' });
    const additionalAlgorithms = ['RS256', 'ES256'] as const;
    expect(await (await signing([kept, waiting, later], { additionalAlgorithms }))()).toBe('a');
    expect(await (await signing([waiting, later], { additionalAlgorithms }))()).toBe('b');
    const earlier = since('c', 500, 500, { alg: 'RS256' });
    expect(await (await signing([kept, waiting, earlier], { additionalAlgorithms }))()).toBe('c');
  });

  it('the interim key is never an HS256 key', async () => {
    const secret = since('s', 0, 0, { alg: 'HS256' });
    const additionalAlgorithms = ['HS256', 'ES256'] as const;
    expect(await (await signing([secret, kept, waiting], { additionalAlgorithms }))()).toBe('a');
    expect(await (await signing([secret, waiting], { additionalAlgorithms }))()).toBe('b');
  });

  it('a former key of a signer signs only if the signer has announced a new key', async () => {
    const [former, next] = [key('a'), key('b', { alg: 'PS256', activeAt: new Date(now + 1) })];
    expect(await (await signing([former, next], {}, true))()).toBe('a');
    await expect((await signing([former], {}, true))()).rejects.toMatchObject({ code: 'no-active-key' });
  });
});
