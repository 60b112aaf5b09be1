import { Injectable } from '@nestjs/common';
import { PosternModule } from 'postern';
import { Clock } from 'postern/auth';
import { Argon2PasswordHasher, PasswordHasher } from 'postern/password';
import { createTestDatabase, ManualClock, startTestApplication } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';

const PASSWORD = 'seven small boats at noon';
const CHEAP = { memoryKiB: 1024, iterations: 1 };
const DEAR = { memoryKiB: 65_536, iterations: 2 };
const BEFORE = 'm=1024,t=1,p=1';
const AFTER = 'm=65536,t=2,p=1';

/** Records the parameters of each verified hash. */
@Injectable()
class RecordingHasher extends Argon2PasswordHasher {
  readonly verified: string[] = [];

  override verify(hash: string, password: string): Promise<boolean> {
    this.verified.push(hash.split('$')[3]!);
    return super.verify(hash, password);
  }
}

const addressesOf = (kind: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${kind}${index}@example.com`);
const median = (values: number[]) => values.sort((one, other) => one - other)[values.length >> 1]!;

describe('failed logins after the hash cost was raised', () => {
  const [old, recent, unknown] = [addressesOf('old', 8), addressesOf('recent', 8), addressesOf('nobody', 30)];
  let database: TestDatabase;
  let replicas: TestApplication[];

  const start = (argon2: object) =>
    startTestApplication(
      PosternModule.forRoot({
        issuer: 'https://id.example.test',
        secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
        databaseUrl: database.url,
        password: { argon2 },
        hasher: RecordingHasher,
        clock: ManualClock,
        limits: { accountNetwork: false, account: false },
      }),
    );
  const register = async (app: TestApplication, emails: readonly string[]) => {
    for (const email of emails) {
      const { status } = await app.call('POST', '/auth/register', { body: { email, password: PASSWORD } });
      expect(status).toBe(201);
    }
  };
  /** Attempts a login with a wrong password. Returns the visible answer and the parameters of the verified hash. */
  async function guess(app: TestApplication, email: string) {
    const { verified } = app.nest.get<RecordingHasher>(PasswordHasher);
    verified.length = 0;
    const begin = performance.now();
    const { status, body } = await app.call('POST', '/auth/login', { body: { email, password: 'wrong' } });
    const milliseconds = performance.now() - begin;
    return { seen: JSON.stringify({ status, ...body, instance: '' }), parameters: verified.join(), milliseconds };
  }
  async function costsOf(app: TestApplication, emails: readonly string[]): Promise<string[]> {
    const costs: string[] = [];
    for (const email of emails) costs.push((await guess(app, email)).parameters);
    return costs;
  }

  beforeAll(async () => {
    database = await createTestDatabase();
    const before = await start(CHEAP);
    await register(before, old);
    await before.close();
    const after = await start(DEAR);
    await register(after, recent);
    await after.close();
    replicas = [await start(DEAR), await start(DEAR)];
  });
  afterAll(async () => {
    for (const app of replicas ?? []) await app.close();
    await database?.drop();
  });

  it('a failed login of an unknown address costs the same as that of some account, on each attempt and replica', async () => {
    const [here, there] = replicas as [TestApplication, TestApplication];
    const costs = await costsOf(here, unknown);
    expect(new Set(costs)).toEqual(new Set([BEFORE, AFTER]));
    expect(await costsOf(there, unknown)).toEqual(costs);
    expect(
      await costsOf(
        here,
        unknown.map((address) => address.toUpperCase()),
      ),
    ).toEqual(costs);
    expect(await costsOf(here, [...old, ...recent])).toEqual([...old.map(() => BEFORE), ...recent.map(() => AFTER)]);
  });

  it('a failed login of an unknown address takes as long as that of an account of the same cost and gets the same answer', async () => {
    const [app] = replicas as [TestApplication];
    const costs = await costsOf(app, unknown);
    const people = {
      cheapKnown: old[0]!,
      cheapUnknown: unknown[costs.indexOf(BEFORE)]!,
      dearKnown: recent[0]!,
      dearUnknown: unknown[costs.indexOf(AFTER)]!,
    };
    const times = { cheapKnown: 0, cheapUnknown: 0, dearKnown: 0, dearUnknown: 0 };
    const seen = new Set<string>();
    const kinds = Object.keys(people) as (keyof typeof people)[];
    const rounds = Object.fromEntries(kinds.map((kind) => [kind, [] as number[]]));
    for (let round = 0; round < 9; round += 1) {
      for (const kind of kinds) {
        const guessed = await guess(app, people[kind]);
        rounds[kind]!.push(guessed.milliseconds);
        seen.add(guessed.seen);
      }
    }
    for (const kind of kinds) times[kind] = median(rounds[kind]!);
    expect(seen.size).toBe(1);
    expect(Math.max(times.cheapKnown, times.cheapUnknown)).toBeLessThan(Math.min(times.dearKnown, times.dearUnknown));
  });

  it('the cost for an unknown address changes only once, from the former cost to the current one, as for accounts', async () => {
    const [app] = replicas as [TestApplication];
    const costs = await costsOf(app, unknown);
    expect(costs).toContain(BEFORE);
    for (const email of old) {
      const { status } = await app.call('POST', '/auth/login', { body: { email, password: PASSWORD } });
      expect(status).toBe(200);
      app.nest.get<ManualClock>(Clock).advance(31);
      await guess(app, email);
    }
    // The sample is read during the login that finds it outdated.
    const deadline = performance.now() + 10_000;
    let later = await costsOf(app, unknown);
    while (later.includes(BEFORE) && performance.now() < deadline) {
      expect(later.filter((cost, index) => cost === BEFORE && costs[index] === AFTER)).toEqual([]);
      later = await costsOf(app, unknown);
    }
    expect(later).toEqual(unknown.map(() => AFTER));
  });
});
