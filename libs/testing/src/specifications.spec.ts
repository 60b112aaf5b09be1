import { createHash, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto';
import { Mailer } from 'postern/accounts';
import type { MailMessage } from 'postern/accounts';
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

/** The sentences of a specification that do not hold. */
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

describe('the specifications of the ports', () => {
  it('find a hasher without salt that stops at 72 bytes and answers at once where it can', async () => {
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
      'makes another text of the same password each time, and none that shows it',
      'reads a password to its end: behind a NUL, behind 72 bytes, and 1,024 bytes long',
      'takes an unreadable hash for one that proves nothing, and asks for a new one',
      'takes for an unreadable hash the time that a readable one takes',
    ]);
  });

  it('find a hasher that answers sooner if the password is wrong, and that keeps its salt to itself', async () => {
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
      'takes for a wrong password the time that the right one takes',
      'verifies what another instance has made, as another replica does',
    ]);
  });

  it('find a password policy that shows the password', async () => {
    class Talkative extends PasswordPolicy {
      check = (password: string, context: { email: string }) => {
        context.email = '';
        return password.includes('bad') ? [{ code: 'BAD', detail: `${password} is bad` }] : [];
      };
    }
    const cases = { accepts: ['good'], refuses: ['bad'] };
    expect(await broken(() => passwordPolicySpec(() => new Talkative(), cases))).toEqual([
      'says of a bad one why it is refused: a code and a sentence',
      'never repeats the password',
      'changes nothing of the context',
    ]);
  });

  it('find a login policy that fails where it should refuse, and forgets refresh', async () => {
    class Careless extends LoginPolicy {
      check = (user: User, { kind }: { kind: string }) => {
        user.updatedAt = new Date();
        if (kind === 'login' && user.disabledAt) throw new Error('no');
      };
    }
    const disabled = Object.assign(new User(), ada, { disabledAt: new Date() });
    const cases = { admits: [{ user: ada }], refuses: [{ user: disabled }] };
    expect(await broken(() => loginPolicySpec(() => new Careless(), cases))).toEqual([
      'refuses with an error that the caller may read, at login as well as at refresh',
      'changes nothing of the user',
    ]);
  });

  it('find claims that are the server’s, too long, or lost in JSON', async () => {
    class Greedy extends ClaimsProvider {
      claims = () => ({ sub: 'root', since: new Date(), scopes: ['a b'], photo: 'x'.repeat(5000) });
    }
    expect(await broken(() => claimsProviderSpec(() => new Greedy(), [ada]))).toEqual([
      'says what JSON can say, and nothing that gets lost on the way',
      'leaves to the server what only the server may say',
      'gives roles and scopes as lists of words',
      'keeps it short: a token travels with every request',
    ]);
  });

  it('find a mapper that lets everybody in and mixes them up', async () => {
    const cases = () => ({
      knows: [testPrincipal({ subject: 'a' }), testPrincipal({ subject: 'b' })],
      refuses: [testPrincipal({ subject: 'nobody' })],
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
      'refuses the others by undefined, null or an error that the caller may read',
      'keeps apart what is asked at the same time',
    ]);
  });

  it('find a mapper that writes into the principal', async () => {
    class Scribbling extends PrincipalMapper {
      map = (principal: Principal) => Object.assign(principal, { seen: true });
    }
    const cases = { knows: [testPrincipal()] };
    expect(await broken(() => principalMapperSpec(() => new Scribbling(), cases))).toContain(
      'leaves the principal as it is: one proof serves many requests',
    );
  });

  it('find a mailer that loses mail and swallows failures', async () => {
    class Lossy extends Mailer {
      readonly sent: MailMessage[] = [];
      send = (message: MailMessage) => {
        if (this.sent.length < 3) this.sent.push({ ...message, text: message.text.trim() });
        return Promise.resolve();
      };
    }
    const cases = { arrived: ({ sent }: Lossy) => sent, makeBroken: () => new Lossy() };
    expect(await broken(() => mailerSpec(() => new Lossy(), cases))).toEqual([
      'hands it over as it is: every script, a lone dot on a line, the kind',
      'loses none of many at once',
      'rejects what it cannot send',
    ]);
  });

  it('find a confirmation that any proof contents', async () => {
    class Credulous extends IdentityConfirmation {
      confirm = () => Promise.resolve();
    }
    const cases = () => ({ userId: ada.id, right: { password: 'a' }, wrong: [{ password: 'b' }] });
    expect(await broken(() => identityConfirmationSpec(() => new Credulous(), cases))).toHaveLength(2);
  });

  it('find a signer that shows its private half and signs in DER', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    class Leaky extends SigningKeys {
      keys = () =>
        Promise.resolve([
          { kid: 'k', alg: 'ES256' as const, key: publicKey, jwk: privateKey.export({ format: 'jwk' }) },
        ]);
      sign = (_kid: string, input: Buffer) => Promise.resolve(sign('sha256', input, privateKey));
    }
    expect(await broken(() => signingKeysSpec(() => new Leaky()))).toEqual([
      'shows public halves only',
      'signs as JWS writes it, so that the public half proves it',
      'signs many at once',
    ]);
  });

  it('find sessions that end by halves, or whatever becomes of the transaction', async () => {
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
      'ends every session of the user, and none of somebody else',
      'ends none where the transaction is rolled back',
      'is content where there is nothing left to end, and nobody whose it could be',
    ]);
    expect(await broken(() => userSessionsSpec(made(new Sweeping(), held)))).toEqual([
      'ends every session of the user, and none of somebody else',
      'ends none where the transaction is rolled back',
    ]);
  });

  it('find a key source that asks nobody whose key it is', async () => {
    const { publicKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    class Careless extends VerificationKeys {
      find = (_issuer: string, kid: string | undefined) =>
        Promise.resolve(kid === 'k' ? { kid, alg: 'ES256' as const, key } : undefined);
      isLive = () => true;
    }
    const known = () => ({ issuer: 'https://issuer.test', kid: 'k' });
    expect(await broken(() => verificationKeysSpec(() => new Careless(), known))).toEqual([
      'hands it out at once when it is asked again',
      'knows no key of another issuer, whatever it is called',
      'knows no key of another name, and throws for none',
    ]);
  });

  it('find a publisher that forgets a kind, and a source that hears nothing and never stops', async () => {
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
      'has refused, when it resolves, what it was told: every kind',
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
