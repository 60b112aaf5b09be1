import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { LogLines } from '../../support/log-lines.js';
import { startReplica } from '../../revocations/cluster.js';
import type { Replica } from '../../revocations/cluster.js';

const issuer = 'https://id.example.test';
const POOL_SIZE = 10;
const REFRESHES = 200;

let database: TestDatabase;
let admin: pg.Client;

beforeEach(async () => {
  database = await createTestDatabase();
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
});

afterEach(async () => {
  await admin.end();
  await database.drop();
});

async function refreshAll(replica: Replica, refreshTokens: readonly string[]): Promise<number[]> {
  return Promise.all(
    refreshTokens.map(async (token) => {
      const response = await fetch(`${replica.url}/auth/refresh`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ refresh_token: token }),
      });
      await response.text();
      return response.status;
    }),
  );
}

async function sessionsAt(replica: Replica, count: number): Promise<string[]> {
  const user = await replica.newUser();
  const sessions = await Promise.all(Array.from({ length: count }, () => replica.signIn(user)));
  return sessions.map(({ refreshToken }) => refreshToken);
}

describe('a role with CONNECTION LIMIT 4 and a pool of 10', () => {
  it('a replica serves 200 refreshes at once on the connections that its role may open and logs the limit once', async () => {
    const role = `postern_limited_${randomUUID().slice(0, 8)}`;
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD '${role}' CONNECTION LIMIT 4`);
    await admin.query(`GRANT ${(await admin.query('SELECT current_user')).rows[0].current_user} TO ${role}`);
    const limited = database.url.replace(/^(postgres(?:ql)?:\/\/)(?:[^@/]*@)?/, `$1${role}:${role}@`);
    const log = new LogLines();
    const replica = await startReplica(limited, issuer, { persistence: { poolSize: POOL_SIZE }, logger: log });
    try {
      const statuses = await refreshAll(replica, await sessionsAt(replica, REFRESHES));
      expect(statuses.filter((status) => status !== 200)).toEqual([]);
      expect(log.of(/allows no further connection/)).toHaveLength(1);
      expect((await fetch(`${replica.url}/health/ready`)).status).toBe(200);
    } finally {
      await replica.app.close();
      await admin.query(`DROP ROLE ${role}`);
    }
  });
});

describe('`poolSize`', () => {
  it('a replica under load never opens more connections than `poolSize`, including those for LISTEN and for reading revocations', async () => {
    const applicationName = `counted_${randomUUID().slice(0, 8)}`;
    const replica = await startReplica(database.url, issuer, { persistence: { poolSize: POOL_SIZE, applicationName } });
    try {
      const refreshing = sessionsAt(replica, REFRESHES).then((tokens) => refreshAll(replica, tokens));
      const done = new AbortController();
      void refreshing.finally(() => done.abort());
      let most = 0;
      while (!done.signal.aborted) {
        const { rows } = await admin.query<{ open: number }>(
          'SELECT count(*)::int AS open FROM pg_stat_activity WHERE application_name = $1',
          [applicationName],
        );
        most = Math.max(most, rows[0]!.open);
      }
      expect((await refreshing).filter((status) => status !== 200)).toEqual([]);
      expect(most).toBeLessThanOrEqual(POOL_SIZE);
      expect(most).toBeGreaterThan(POOL_SIZE / 2);
    } finally {
      await replica.app.close();
    }
  });
});
