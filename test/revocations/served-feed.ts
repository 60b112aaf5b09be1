import { decodeJwt } from 'jose';
import { RevocationPublisher } from 'postern/auth';
import type { RevocationPageDto } from 'postern/revocations';
import type { TestDatabase } from 'postern/testing';
import { createFeedDatabase, FeedStream, startReplica } from './cluster.js';
import type { Replica, ReplicaOptions } from './cluster.js';

export const issuer = 'https://id.example.test';

interface RevocationColumns {
  readonly kind: string;
  readonly targets: readonly string[];
}

/** The targets of signed events and snapshot pages, in order. */
export const targetsOf = (sets: readonly string[]): string[] =>
  sets.flatMap((set) => {
    const { events, revocation } = decodeJwt<{
      events: Record<string, { revocations: RevocationColumns[] }>;
      revocation?: { readonly target: string };
    }>(set);
    if (revocation !== undefined) return [revocation.target];
    return events['urn:postern:secevent:event-type:snapshot']!.revocations.flatMap(({ targets }) => targets);
  });

export const targetsIn = (stream: FeedStream): string[] => targetsOf(stream.of('set').map(({ data }) => data));

/** A replica that serves the feed of a new database in each test, and what the tests do with it. */
export class ServedFeed {
  database!: TestDatabase;
  replica!: Replica;
  /** The service token of the follower. */
  token!: string;
  private readonly started: Replica[] = [];
  private readonly streams: FeedStream[] = [];

  constructor(private readonly adapter: 'fastify' | 'express') {
    beforeEach(async () => {
      this.database = await createFeedDatabase();
      this.replica = await this.another();
      this.token = await this.replica.serviceToken();
    });
    afterEach(async () => {
      for (const stream of this.streams.splice(0)) stream.leave();
      for (const { app } of this.started.splice(0).reverse()) await app.close();
      await this.database.drop();
    });
  }

  /** Starts another replica. It closes after the test. */
  async another(options: Partial<ReplicaOptions> = {}, url = this.database.url): Promise<Replica> {
    const replica = await startReplica(url, issuer, { adapter: this.adapter, ...options });
    this.started.push(replica);
    return replica;
  }

  async open(headers?: Record<string, string>, at = this.replica, by = this.token): Promise<FeedStream> {
    const stream = await FeedStream.open(at.url, by, headers);
    this.streams.push(stream);
    return stream;
  }

  async ask(query = '', at = this.replica): Promise<RevocationPageDto> {
    const response = await fetch(`${at.url}/auth/revocations${query}`, {
      headers: { authorization: `Bearer ${this.token}` },
    });
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    return (await response.json()) as RevocationPageDto;
  }

  revoke(target: string, at = this.replica): Promise<unknown> {
    return at.app.get(RevocationPublisher).publish({ kind: 'session', target, reason: 'test' });
  }
}
