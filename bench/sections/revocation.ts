import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { untilCalm } from '../measurement/machine-load.js';
import type { Child } from '../cluster/child.js';
import { count, milliseconds } from '../formatting.js';
import { serviceTokens, startCluster, untilKnown } from '../cluster/cluster.js';
import type { Cluster } from '../cluster/cluster.js';
import { addUsers, logIn } from '../cluster/postern-server.js';
import type { Pair } from '../cluster/postern-server.js';
import { rightsTrial } from '../cluster/rights-trial.js';
import type { RightsSeen } from '../cluster/rights-trial.js';
import { RevocationTrial } from '../cluster/revocation-trial.js';
import type { Bench, Goal, Outcome, Section } from '../section.js';

const REVOCATIONS = 1000;
const RIGHTS = 100;
const STAYING = 100;
const ROTATIONS = 10;
const REPLICAS = 2;
const VERIFIERS = 3;
const PROMISED_P99 = 250;
const PROMISED_MAXIMUM = 1000;
/** The maximum of the random pause between two revocations. */
const MAX_PAUSE_MILLISECONDS = 30;
const KEY_POLL_MILLISECONDS = 50;

/** The delay until every service rejects a revoked token, and the number of valid tokens that are rejected. */
export const revocation: Section = {
  name: 'revocation',
  title: 'From the revocation to the rejection',
  explains: `${REPLICAS} replicas of the server, and ${VERIFIERS} services with \`postern/auth\` alone that follow the feed; each service
answers 1,000 requests a second the whole time, with tokens that it has seen before. \`POST /auth/logout\` ends sessions at
a random replica. A delay counts from the arrival of the 204 to the arrival of the first 401 at each service; one request in
ten presents a token that was rejected before. Then a role is taken from ${RIGHTS} users, and a permission from a role
${RIGHTS} times: a delay counts until each service answers 403. Then the signing key is rotated ${ROTATIONS} times, with tokens of every key in
use, and finally the active key is revoked. All processes share the cores of one machine. Keys are cached for one second
here instead of five minutes, so that ten rotations fit.`,
  measure,
};

async function measure({ database, isQuick }: Bench): Promise<Outcome> {
  const databaseUrl = await database();
  const cluster = await startCluster({ databaseUrl, issuers: REPLICAS, resources: VERIFIERS });
  try {
    await Promise.all(cluster.resources.map((resource) => untilKnown(resource)));
    const revocations = isQuick ? 50 : REVOCATIONS;
    const emails = await addUsers(databaseUrl, revocations + STAYING);
    const pairs: Pair[] = [];
    for (const email of emails) pairs.push(await logIn(anyOf(cluster.issuers).url, email));
    await untilCalm();
    const changeRights = () => rightsTrial(cluster, databaseUrl, isQuick ? 10 : RIGHTS);
    return await tried(cluster, pairs.slice(0, STAYING), pairs.slice(STAYING), isQuick ? 1 : ROTATIONS, changeRights);
  } finally {
    await cluster.stop();
  }
}

async function tried(
  cluster: Cluster,
  staying: Pair[],
  leaving: readonly Pair[],
  rotations: number,
  changeRights: () => Promise<RightsSeen>,
): Promise<Outcome> {
  const trial = new RevocationTrial(
    cluster,
    [...staying, ...leaving].map((pair) => pair.access_token),
  );
  try {
    // Every verifier has seen every token before its revocation.
    await delay(((staying.length + leaving.length) / 1000) * 5000);
    await logOutAll(trial, cluster, leaving);
    const revoked = summary(trial.seen.delays.splice(0));
    const { rolesTaken, permissionsTaken } = await changeRights();
    const [roles, permissions] = [summary(rolesTaken), summary(permissionsTaken)];
    const { validRefused } = trial.seen;

    const rotated = await rotateUnderLoad(trial, cluster, staying, rotations);
    const refusedByRotation = trial.seen.validRefused - validRefused;

    await killUnderLoad(trial, cluster, staying);
    const killed = summary(trial.seen.delays.splice(0));
    const rates = trial.rates;
    await delay(1000);
    return {
      tables: [
        {
          columns: ['What', 'Measured', 'p50', 'p99', 'Longest'],
          rows: [
            [`${count(leaving.length)} logouts × ${VERIFIERS} services`, count(revoked.measured), ...revoked.texts],
            [`roles taken from users × ${VERIFIERS} services`, count(roles.measured), ...roles.texts],
            [
              `permissions taken from a role × ${VERIFIERS} services`,
              count(permissions.measured),
              ...permissions.texts,
            ],
            [`kill of the active key × ${VERIFIERS} services`, count(killed.measured), ...killed.texts],
          ],
        },
        {
          columns: ['What', 'How many'],
          rows: [
            ['answers', count(trial.seen.answers)],
            ['requests a second at each service', rates.map(count).join(', ')],
            ['accepted after a rejection', count(trial.seen.acceptedAfterRefusal)],
            ['valid tokens rejected while sessions were ended', count(validRefused)],
            [`valid tokens rejected in ${rotations} rotations, ${rotated} keys in use`, count(refusedByRotation)],
            ['valid tokens rejected in total', count(trial.seen.validRefused)],
          ],
        },
      ],
      goals: [
        within('from logout to rejection everywhere, p99', revoked.p99, PROMISED_P99),
        within('from logout to rejection everywhere, the longest', revoked.maximum, PROMISED_MAXIMUM),
        within('from a taken role to rejection everywhere, p99', roles.p99, PROMISED_P99),
        within('from a taken permission to rejection everywhere, p99', permissions.p99, PROMISED_P99),
        none('tokens accepted after their rejection', trial.seen.acceptedAfterRefusal),
        none(`valid tokens rejected in ${rotations} rotations under load`, refusedByRotation),
        within('from the revocation of a key to rejection everywhere, the longest', killed.maximum, PROMISED_MAXIMUM),
      ],
    };
  } finally {
    trial.stop();
  }
}

async function logOutAll(trial: RevocationTrial, cluster: Cluster, leaving: readonly Pair[]): Promise<void> {
  const underway = new Set<Promise<void>>();
  for (const { access_token: token } of leaving) {
    trial.withdraw((one) => one === token);
    const one = trial
      .revoke([token], () => post(anyOf(cluster.issuers), '/auth/logout', token, 204))
      .finally(() => underway.delete(one));
    underway.add(one);
    await delay(randomInt(MAX_PAUSE_MILLISECONDS));
  }
  await Promise.all(underway);
}

/** @returns the number of keys whose tokens are in use */
async function rotateUnderLoad(
  trial: RevocationTrial,
  cluster: Cluster,
  staying: Pair[],
  rotations: number,
): Promise<number> {
  const kids = new Set(staying.map((pair) => keyIdOf(pair.access_token)));
  for (let rotation = 0; rotation < rotations; rotation += 1) {
    const [service] = await serviceTokens(cluster.issuers[0]!, 'keys:write');
    await post(anyOf(cluster.issuers), '/keys/rotate', service!, 202);
    const before = kids.size;
    // New tokens are signed continuously: the first token of a new key is presented at once.
    for (let at = 0; kids.size === before; at = (at + 1) % staying.length) {
      staying[at] = await refreshed(anyOf(cluster.issuers), staying[at]!);
      trial.accept(staying[at]!.access_token);
      kids.add(keyIdOf(staying[at]!.access_token));
      await delay(KEY_POLL_MILLISECONDS);
    }
  }
  await delay(2000);
  return kids.size;
}

async function killUnderLoad(trial: RevocationTrial, cluster: Cluster, staying: Pair[]): Promise<void> {
  const [service] = await serviceTokens(cluster.issuers[0]!, 'keys:write');
  const kid = keyIdOf(service!);
  for (const [at, pair] of staying.entries()) staying[at] = await refreshed(anyOf(cluster.issuers), pair);
  trial.accept(...staying.map((pair) => pair.access_token));
  await delay(1000);
  const doomed = trial.withdraw((token) => keyIdOf(token) === kid);
  // A sample of the tokens is presented often enough to measure milliseconds.
  await trial.revoke(doomed.slice(0, 10), () => post(anyOf(cluster.issuers), `/keys/${kid}/kill`, service!, 200));
  for (const pair of staying) trial.accept((await refreshed(anyOf(cluster.issuers), pair)).access_token);
  await delay(1000);
}

async function refreshed(server: Child, pair: Pair): Promise<Pair> {
  const answer = await fetch(`${server.url}/auth/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ refresh_token: pair.refresh_token }),
  });
  if (!answer.ok) throw new Error(`A refresh of the bench failed with ${answer.status}.`);
  return (await answer.json()) as Pair;
}

async function post(server: Child, path: string, token: string, expected: number): Promise<void> {
  const answer = await fetch(`${server.url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  if (answer.status !== expected) throw new Error(`${path} answers ${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
}

function keyIdOf(token: string): string {
  const header = JSON.parse(Buffer.from(token.split('.', 1)[0]!, 'base64url').toString()) as { kid: string };
  return header.kid;
}

function anyOf(servers: readonly Child[]): Child {
  return servers[randomInt(servers.length)]!;
}

function summary(delays: readonly number[]) {
  const sorted = [...delays].sort((one, other) => one - other);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)]!;
  const maximum = sorted.at(-1)!;
  return {
    measured: sorted.length,
    p99: at(0.99),
    maximum,
    texts: [at(0.5), at(0.99), maximum].map(milliseconds),
  };
}

function within(what: string, reached: number, promised: number): Goal {
  return { promise: `${what} ≤ ${milliseconds(promised)}`, reached: milliseconds(reached), isMet: reached <= promised };
}

function none(what: string, reached: number): Goal {
  return { promise: `${what}: none`, reached: count(reached), isMet: reached === 0 };
}
