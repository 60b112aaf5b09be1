import { Clock } from 'postern/auth';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { audience, startReplica, startResource } from '../revocations/cluster.js';
import type { Replica } from '../revocations/cluster.js';
import { until } from '../support/until.js';

const issuer = 'https://id.example.test';
const GRACE_SECONDS = 2;

const clockThatIsAhead = (seconds: number) =>
  class extends Clock {
    override now(): number {
      return Date.now() + seconds * 1000;
    }
  };

interface Answer {
  readonly status: number;
  readonly refreshToken: string | undefined;
}

async function refresh(replica: Replica, refreshToken: string): Promise<Answer> {
  const response = await fetch(`${replica.url}/auth/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ refresh_token: refreshToken }),
  });
  const body = (await response.json()) as { refresh_token?: string };
  return { status: response.status, refreshToken: body.refresh_token };
}

describe.each([20, 59, -20, -59])('a replica whose clock is %d s ahead, and one whose clock is exact', (seconds) => {
  let database: TestDatabase;
  let ahead: Replica;
  let exact: Replica;

  beforeAll(async () => {
    database = await createTestDatabase();
    const sessions = { graceSeconds: GRACE_SECONDS };
    exact = await startReplica(database.url, issuer, { sessions });
    ahead = await startReplica(database.url, issuer, { sessions, clock: clockThatIsAhead(seconds) });
  });

  afterAll(async () => {
    await Promise.all([exact.app.close(), ahead.app.close()]);
    await database.drop();
  });

  it('two replicas accept the access tokens of each other, and a service accepts both', async () => {
    const service = await startResource({ issuer, audience, jwks: { uri: `${exact.url}/.well-known/jwks.json` } });
    try {
      for (const [here, there] of [[ahead, exact] as const, [exact, ahead] as const]) {
        const { token } = await here.signIn();
        const response = await fetch(`${there.url}/users/me`, { headers: { authorization: `Bearer ${token}` } });
        expect(response.status).toBe(200);
        expect(await service.status(token)).toBe(200);
      }
    } finally {
      await service.close();
    }
  });

  it.each([
    ['the replica that is ahead', 'the exact one', () => [ahead, exact] as const],
    ['the exact replica', 'the one that is ahead', () => [exact, ahead] as const],
  ])('the grace window of a refresh token that %s has replaced lasts as long at %s', async (_, __, ways) => {
    const [here, there] = ways();
    const { refreshToken } = await here.signIn();
    const successor = await refresh(here, refreshToken);
    const replacedAt = performance.now();
    expect(successor.status).toBe(200);
    expect(await refresh(there, refreshToken)).toEqual(successor);
    await until(async () => (await refresh(there, refreshToken)).status === 401, 3 * GRACE_SECONDS * 1000);
    expect(performance.now() - replacedAt).toBeGreaterThan(GRACE_SECONDS * 1000 - 200);
    // The spent token counts as reused and has ended the session.
    expect((await refresh(here, successor.refreshToken!)).status).toBe(401);
  });
});
