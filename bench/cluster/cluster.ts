import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { startChild } from './child.js';
import type { Child } from './child.js';
import { workingTree } from '../build.js';
import type { Build } from '../build.js';
import type { Place } from '../measurement/machine.js';

const SECONDS_TO_KNOW = 180;

/** Replicas of an issuer, and services that verify its tokens and follow its feed. */
export interface Cluster {
  readonly issuers: readonly Child[];
  readonly resources: readonly Child[];
  stop(): Promise<void>;
}

/** The number of replicas and services, and the place of the services. */
export interface ClusterSettings {
  readonly databaseUrl: string;
  readonly issuers: number;
  readonly resources: number;
  readonly issuersAt?: Place;
  readonly resourcesAt?: Place;
  /** Default: the working tree. */
  readonly build?: Build;
}

/** Starts the cluster. The services are distributed over the replicas. */
export async function startCluster({
  databaseUrl,
  build = workingTree,
  ...settings
}: ClusterSettings): Promise<Cluster> {
  const issuerProgram = build.program('bench/servers/issuer.ts');
  const resourceProgram = build.program('bench/servers/resource.ts');
  const started: Child[] = [];
  const stop = async (): Promise<void> => void (await Promise.all(started.map((child) => child.stop())));
  const start = async (program: URL, place: Place, environment: Record<string, string>): Promise<Child> => {
    const child = await startChild(program, { place, environment });
    started.push(child);
    return child;
  };
  try {
    const issuers: Child[] = [];
    const port = await freePort();
    const issuer = `http://127.0.0.1:${port}`;
    for (let at = 0; at < settings.issuers; at += 1) {
      const environment = { PORT: at === 0 ? String(port) : '0', BENCH_ISSUER: issuer, DATABASE_URL: databaseUrl };
      issuers.push(await start(issuerProgram, settings.issuersAt ?? 'anywhere', environment));
    }
    const resources: Child[] = [];
    for (let at = 0; at < settings.resources; at += 1) {
      const environment = { BENCH_ISSUER: issuer, BENCH_REPLICA: issuers[at % issuers.length]!.url };
      resources.push(await start(resourceProgram, settings.resourcesAt ?? 'anywhere', environment));
    }
    return { issuers, resources, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Service tokens of the issuer, for instance one that may manage keys. */
export async function serviceTokens(issuer: Child, scope: string, count = 1): Promise<string[]> {
  const answer = await fetch(`${issuer.url}/bench/tokens?count=${count}&scope=${encodeURIComponent(scope)}`);
  if (!answer.ok) throw new Error(`The issuer of the bench answers ${answer.status}.`);
  return (await answer.json()) as string[];
}

/** Waits until a service has received all revocations and holds the given number. */
export async function untilKnown(resource: Child, held = 0): Promise<void> {
  const end = performance.now() + SECONDS_TO_KNOW * 1000;
  while (performance.now() < end) {
    const known = await resource.ask<{ held: number; status: string }>('known');
    if (known.status === 'known' && known.held >= held) return;
    await delay(100);
  }
  throw new Error('A service of the bench does not hear of the revocations.');
}

/** The replicas need the URL of the first replica before it listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
