import { createHash, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto';
import { Mailer } from 'postern/mail';
import type { MailMessage } from 'postern/mail';
import {
  PrincipalMapper,
  RevocationPublisher,
  RevocationSet,
  RevocationSource,
  SystemClock,
  VerificationKeys,
} from 'postern/auth';
import type { Principal } from 'postern/auth';
import { PasswordHasher, PasswordPolicy } from 'postern/password';
import { ClaimsProvider, LoginPolicy } from 'postern/sessions';
import { SigningKeys } from 'postern/tokens';
import type { Database } from 'postern/persistence';
import { IdentityConfirmation, User, UserSessions } from 'postern/users';
import {
  claimsProviderSpec,
  identityConfirmationSpec,
  loginPolicySpec,
  mailerSpec,
  passwordHasherSpec,
  passwordPolicySpec,
  principalMapperSpec,
  revocationPublisherSpec,
  revocationSourceSpec,
  signingKeysSpec,
  testPrincipal,
  userSessionsSpec,
  verificationKeysSpec,
} from './index.js';

/** The statements of a specification that fail. */
async function broken(specify: () => void): Promise<string[]> {
  const statements: [string, () => unknown][] = [];
  const runner = globalThis as unknown as Record<'describe' | 'it', unknown>;
  const { describe: realDescribe, it: realIt } = runner;
  try {
    runner.describe = (_name: string, body: () => void) => body();
    runner.it = (sentence: string, statement: () => unknown) => statements.push([sentence, statement]);
    specify();
  } finally {
    Object.assign(runner, { describe: realDescribe, it: realIt });
  }
  const failing: string[] = [];
  for (const [sentence, statement] of statements) {
    try {
      await statement();
    } catch {
      failing.push(sentence);
    }
  }
  return failing;
}

const ada = Object.assign(new User(), { id: '01938f2e-6a1c-7d3a-9c55-3f6d1c0b7a11', email: 'ada@example.com' });
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('specifications of ports', () => {
  it('passwordHasherSpec detects a hasher without salt that truncates at 72 bytes and returns early', async () => {
    class Plain extends PasswordHasher {
      hash = (password: string) => Promise.resolve(`h:${this.slow(password.slice(0, 72).split('\0')[0]!)}`);
      verify = async (hash: string, password: string) => hash.startsWith('h:') && hash === (await this.hash(password));
      needsRehash = (): boolean => false;
      private slow(text: string): string {
        for (let round = 0; round < 20_000; round += 1) text = sha(text);
        return text;
      }
    }
    expect(await broken(() => passwordHasherSpec(() => new Plain()))).toEqual([
      'hash() returns a different hash each time, without the password in it',
      'verify() compares the whole password: after a NUL, after 72 bytes, and with 1,024 bytes',
      'verify() returns false for an unreadable hash, and needsRehash() returns true',
      'verify() takes the same time for an unreadable hash',
    ]);
  });

  it('passwordHasherSpec detects a hasher that returns early for a wrong password, and whose salt is per instance', async () => {
    class Hasty extends PasswordHasher {
      private readonly salt = randomUUID();
      hash = async (password: string) => {
        const id = randomUUID();
        return `${id}:${this.slow(id + this.salt + password)}:${sha(this.salt + password)}`;
      };
      verify = async (hash: string, password: string) => {
        const [id = '', long, short] = hash.split(':');
        if (long && short !== sha(this.salt + password)) return false;
        return this.slow(id + this.salt + password) === long;
      };
      needsRehash = (hash: string): boolean => !/:[0-9a-f]{64}$/.test(hash);
      private slow(text: string): string {
        for (let round = 0; round < 20_000; round += 1) text = sha(text);
        return text;
      }
    }
    expect(await broken(() => passwordHasherSpec(() => new Hasty()))).toEqual([
      'verify() takes the same time for a wrong password',
      'verify() accepts a hash of another instance, such as another replica',
    ]);
  });

  it('passwordPolicySpec detects a policy that repeats the password', async () => {
    class Talkative extends PasswordPolicy {
      check = (password: string, context: { email: string }) => {
        context.email = '';
        return password.includes('bad') ? [{ code: 'BAD', detail: `${password} is bad` }] : [];
      };
    }
    const cases = { accepts: ['good'], rejects: ['bad'] };
    expect(await broken(() => passwordPolicySpec(() => new Talkative(), cases))).toEqual([
      'check() returns a code and a sentence for each violation',
      'check() never repeats the password',
      'check() does not change the context',
    ]);
  });

  it('loginPolicySpec detects a policy that throws a plain Error and ignores refresh', async () => {
    class Careless extends LoginPolicy {
      check = (user: User, { kind }: { kind: string }) => {
        user.updatedAt = new Date();
        if (kind === 'login' && user.disabledAt) throw new Error('no');
      };
    }
    const disabled = Object.assign(new User(), ada, { disabledAt: new Date() });
    const cases = { admits: [{ user: ada }], rejects: [{ user: disabled }] };
    expect(await broken(() => loginPolicySpec(() => new Careless(), cases))).toEqual([
      'check() rejects with an AuthError, at login and at refresh',
      'check() does not change the user',
    ]);
  });

  it('claimsProviderSpec detects claims that are reserved, too long, or lost in JSON', async () => {
    class Greedy extends ClaimsProvider {
      claims = () => ({ sub: 'root', since: new Date(), scopes: ['a b'], photo: 'x'.repeat(5000) });
    }
    expect(await broken(() => claimsProviderSpec(() => new Greedy(), [ada]))).toEqual([
      'claims() returns only values that JSON preserves',
      'claims() returns no claim that only the server may set',
      'claims() returns roles and scopes as lists of tokens',
      'claims() returns at most 4 KiB',
    ]);
  });

  it('principalMapperSpec detects a mapper that maps every principal and mixes up concurrent calls', async () => {
    const cases = () => ({
      knows: [testPrincipal({ subject: 'a' }), testPrincipal({ subject: 'b' })],
      rejects: [testPrincipal({ subject: 'unknown' })],
    });
    class Lax extends PrincipalMapper {
      private last?: Principal;
      map = async (principal: Principal) => {
        this.last = principal;
        await Promise.resolve();
        return this.last;
      };
    }
    expect(await broken(() => principalMapperSpec(() => new Lax(), cases()))).toEqual([
      'map() rejects an unknown principal with undefined, null or an AuthError',
      'map() does not mix up concurrent calls',
    ]);
  });

  it('principalMapperSpec detects a mapper that changes the principal', async () => {
    class Scribbling extends PrincipalMapper {
      map = (principal: Principal) => Object.assign(principal, { seen: true });
    }
    const cases = { knows: [testPrincipal()] };
    expect(await broken(() => principalMapperSpec(() => new Scribbling(), cases))).toContain(
      'map() does not change the principal, which is cached for several requests',
    );
  });

  it('mailerSpec detects a mailer that loses mail and hides failures', async () => {
    class Lossy extends Mailer {
      readonly sent: MailMessage[] = [];
      send = (message: MailMessage) => {
        if (this.sent.length < 3) this.sent.push({ ...message, text: message.text.trim() });
        return Promise.resolve();
      };
    }
    const cases = { arrived: ({ sent }: Lossy) => sent, makeBroken: () => new Lossy() };
    expect(await broken(() => mailerSpec(() => new Lossy(), cases))).toEqual([
      'send() delivers every script, a line with a single dot, and the kind unchanged',
      'send() delivers each of 20 concurrent messages',
      'send() rejects if it cannot send',
    ]);
  });

  it('identityConfirmationSpec detects a confirmation that accepts everything', async () => {
    class Credulous extends IdentityConfirmation {
      confirm = () => Promise.resolve();
    }
    const cases = () => ({ userId: ada.id, right: { password: 'a' }, wrong: [{ password: 'b' }] });
    expect(await broken(() => identityConfirmationSpec(() => new Credulous(), cases))).toHaveLength(2);
  });

  it('signingKeysSpec detects a signer that publishes its private key and signs in DER', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    class Leaky extends SigningKeys {
      keys = () =>
        Promise.resolve([
          { kid: 'k', alg: 'ES256' as const, key: publicKey, jwk: privateKey.export({ format: 'jwk' }) },
        ]);
      sign = (_kid: string, input: Buffer) => Promise.resolve(sign('sha256', input, privateKey));
    }
    expect(await broken(() => signingKeysSpec(() => new Leaky()))).toEqual([
      'keys() contains only public keys, apart from HS256 secrets',
      'sign() returns a JWS signature that the public key verifies',
      'sign() signs 20 concurrent inputs',
    ]);
  });

  it('userSessionsSpec detects sessions that end partly, or despite a rollback', async () => {
    const database = { transaction: (work: () => Promise<unknown>) => work() } as Database;
    const made = (sessions: UserSessions, held: Map<string, number>) => () => {
      held.clear();
      for (const userId of ['a', 'b']) held.set(userId, 2);
      return { sessions, database, userIds: ['a', 'b'] as const, alive: (userId: string) => held.get(userId) ?? 0 };
    };
    const held = new Map<string, number>();
    class Halting extends UserSessions {
      endAllOf = (userId: string) => Promise.resolve(void held.set(userId, Math.max(0, (held.get(userId) ?? 0) - 1)));
    }
    class Sweeping extends UserSessions {
      endAllOf = () => Promise.resolve(held.clear());
    }
    expect(await broken(() => userSessionsSpec(made(new Halting(), held)))).toEqual([
      'endAllOf() ends every session of the user and none of another user',
      'endAllOf() ends no session if the transaction is rolled back',
      'endAllOf() resolves if the user has no sessions or does not exist',
    ]);
    expect(await broken(() => userSessionsSpec(made(new Sweeping(), held)))).toEqual([
      'endAllOf() ends every session of the user and none of another user',
      'endAllOf() ends no session if the transaction is rolled back',
    ]);
  });

  it('verificationKeysSpec detects keys that are returned for every issuer', async () => {
    const { publicKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    class Careless extends VerificationKeys {
      find = (_issuer: string, kid: string | undefined) =>
        Promise.resolve(kid === 'k' ? { kid, alg: 'ES256' as const, key } : undefined);
      isLive = () => true;
    }
    const known = () => ({ issuer: 'https://issuer.test', kid: 'k' });
    expect(await broken(() => verificationKeysSpec(() => new Careless(), known))).toEqual([
      'find() returns a known key synchronously',
      'find() returns no key for another issuer',
      'find() returns no key for an unknown kid, and does not throw',
    ]);
  });

  it('the revocation specifications detect a publisher without a kind, and a source that never loads and never stops', async () => {
    class Forgetful extends RevocationPublisher {
      constructor(private readonly set: RevocationSet) {
        super();
      }
      publish = (notice: { kind: 'session' | 'key'; target: string; reason: string }) => {
        if (notice.kind !== 'key') this.set.add({ ...notice, expiresAt: Date.now() / 1000 + 60 });
        return Promise.resolve();
      };
    }
    const made = () => {
      const set = new RevocationSet(new SystemClock(), 'https://issuer.test');
      return { set, publisher: new Forgetful(set) as RevocationPublisher };
    };
    expect(await broken(() => revocationPublisherSpec(made))).toContain(
      'publish() resolves after tokens of the revocation are rejected, for every kind',
    );

    class Restless extends RevocationSource {
      private timer?: NodeJS.Timeout;
      follow = (set: RevocationSet) => {
        const noise = () => ({ kind: 'token' as const, target: randomBytes(8).toString('hex'), reason: 'noise' });
        this.timer = setInterval(() => set.add({ ...noise(), expiresAt: Date.now() / 1000 + 60 }), 20);
        return Promise.resolve();
      };
      stop = () => void setTimeout(() => clearInterval(this.timer), 300);
    }
    const pair = () => ({ source: new Restless(), publisher: made().publisher });
    expect(await broken(() => revocationSourceSpec(pair, { withinSeconds: 0.1 }))).toHaveLength(3);
  });
});
