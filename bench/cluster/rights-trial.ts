import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Child } from './child.js';
import { serviceTokens } from './cluster.js';
import type { Cluster } from './cluster.js';
import { query } from './databases.js';
import { addUsers, logIn } from './postern-server.js';

const ROLE = 'bench-reader';
const PATH = '/hello/right';
const MAX_WAIT_SECONDS = 10;
/** The pause between two requests to a service; a delay is exact to this time. */
const PAUSE_MILLISECONDS = 1;
const MAX_PAUSE_MILLISECONDS = 30;

/** Milliseconds from the answer to a change until a service rejects, for each change and service. */
export interface RightsSeen {
  /** A role was taken from a user. */
  readonly rolesTaken: number[];
  /** A permission was taken from a role. */
  readonly permissionsTaken: number[];
}

/**
 * Takes a role from one user after the other, and a permission from a role again and again, at a random replica.
 *
 * @param changes the number of changes of each kind
 */
export async function rightsTrial(cluster: Cluster, databaseUrl: string, changes: number): Promise<RightsSeen> {
  const [admin] = await serviceTokens(cluster.issuers[0]!, 'roles:write bench:read');
  const change = async (method: string, path: string, body: object): Promise<void> => {
    const server = cluster.issuers[randomInt(cluster.issuers.length)]!;
    const headers = { authorization: `Bearer ${admin}`, 'content-type': 'application/json' };
    const answer = await fetch(`${server.url}${path}`, { method, headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path} answers ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
  };
  const untilEverywhere = async (token: string, status: number): Promise<number[]> => {
    const from = performance.now();
    return Promise.all(cluster.resources.map((resource) => timeUntil(resource, token, status, from)));
  };

  await change('POST', '/roles', { name: ROLE, description: 'Reads', permissions: ['bench:read'] });
  const emails = await addUsers(databaseUrl, changes + 1);
  const users = await query<{ id: string; email: string }>(
    databaseUrl,
    'SELECT id, email FROM users WHERE email = ANY ($1)',
    [emails],
  );
  await query(databaseUrl, 'INSERT INTO user_roles (user_id, role) SELECT unnest($1::uuid[]), $2', [
    users.map(({ id }) => id),
    ROLE,
  ]);
  const [staying, ...losing] = users;
  const seen: RightsSeen = { rolesTaken: [], permissionsTaken: [] };
  for (const { id, email } of losing) {
    const { access_token: token } = await logIn(cluster.issuers[0]!.url, email);
    await untilEverywhere(token, 200);
    await change('PUT', `/users/${id}/roles`, { roles: [] });
    seen.rolesTaken.push(...(await untilEverywhere(token, 403)));
    await delay(randomInt(MAX_PAUSE_MILLISECONDS));
  }
  const { access_token: token } = await logIn(cluster.issuers[0]!.url, staying!.email);
  for (let at = 0; at < changes; at += 1) {
    await untilEverywhere(token, 200);
    await change('PATCH', `/roles/${ROLE}`, { permissions: [] });
    seen.permissionsTaken.push(...(await untilEverywhere(token, 403)));
    await change('PATCH', `/roles/${ROLE}`, { permissions: ['bench:read'] });
    await delay(randomInt(MAX_PAUSE_MILLISECONDS));
  }
  return seen;
}

async function timeUntil({ url }: Child, token: string, status: number, from: number): Promise<number> {
  for (;;) {
    const answer = await fetch(`${url}${PATH}`, { headers: { authorization: `Bearer ${token}` } });
    const passed = performance.now() - from;
    await answer.arrayBuffer();
    if (answer.status === status) return passed;
    if (passed > MAX_WAIT_SECONDS * 1000) throw new Error(`${url} answers ${answer.status} in place of ${status}.`);
    await delay(PAUSE_MILLISECONDS);
  }
}
