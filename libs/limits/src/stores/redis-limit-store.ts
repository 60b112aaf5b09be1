import { createHash } from 'node:crypto';
import type { OnApplicationShutdown } from '@nestjs/common';
import { connectRedis } from 'postern/persistence/redis';
import type { RedisClient } from 'postern/persistence/redis';
import { LimitStore } from './limit-store.js';
import type { StoredClaim, StoredState } from './limit-store.js';

/** A login waits for an answer that does not come at most for this time. */
const TIMEOUT_MILLISECONDS = 1000;

/** Counts in Redis, with one script for all claims. Its clock is that of Redis. */
export class RedisLimitStore extends LimitStore implements OnApplicationShutdown {
  private client: Promise<RedisClient> | undefined;

  /** @param url see `LimitsSettings.redisUrl` */
  constructor(private readonly url: string) {
    super();
  }

  async take(claims: readonly StoredClaim[]): Promise<readonly StoredState[]> {
    const values = claims.flatMap(({ emission, capacity, refund }) => [emission, capacity, refund]);
    const replies = await this.run(TAKE, claims, values);
    return claims.map((_, at) => ({ isTaken: replies[0] === '1', debt: Number(replies[at + 1]) }));
  }

  async giveBack(refunds: readonly Pick<StoredClaim, 'id' | 'refund'>[]): Promise<void> {
    await this.run(
      GIVE_BACK,
      refunds,
      refunds.map(({ refund }) => refund),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    (await this.client?.catch(() => undefined))?.disconnect();
  }

  private async run(script: Script, ids: readonly { id: string }[], values: readonly number[]): Promise<string[]> {
    const client = await (this.client ??= this.open());
    const keys = ids.map(({ id }) => `${PREFIX}${id}`);
    const input = [keys.length, ...keys, ...values.map((value) => value.toFixed(0))] as const;
    try {
      return (await client.evalsha(script.sha, ...input)) as string[];
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return (await client.eval(script.text, ...input)) as string[];
    }
  }

  private async open(): Promise<RedisClient> {
    const client = await connectRedis(this.url, {
      connectionName: 'postern-limits',
      commandTimeout: TIMEOUT_MILLISECONDS,
      maxRetriesPerRequest: 0,
      disconnectTimeout: 100,
      enableAutoPipelining: true,
    });
    // Each failed command reports the outage; an error without a listener would end the process.
    client.on('error', () => undefined);
    return client;
  }
}

/** One hash slot: a script of a cluster may use the keys of one slot only. */
const PREFIX = '{postern:limits}:';

interface Script {
  readonly text: string;
  readonly sha: string;
}

const scriptOf = (text: string): Script => ({ text, sha: createHash('sha1').update(text).digest('hex') });

// Lua writes a number with 14 digits: "%.0f" keeps the microseconds of the present, which have 16.
const TAKE = scriptOf(`
  local time = redis.call('TIME')
  local now = time[1] * 1000000 + time[2]
  local full, isTaken = {}, true
  for i, key in ipairs(KEYS) do
    local emission, capacity, refund = tonumber(ARGV[i*3-2]), tonumber(ARGV[i*3-1]), tonumber(ARGV[i*3])
    full[i] = math.max(tonumber(redis.call('GET', key) or '0') - refund, now)
    if full[i] + emission > now + capacity then isTaken = false end
  end
  local reply = { isTaken and '1' or '0' }
  for i, key in ipairs(KEYS) do
    if isTaken then
      full[i] = full[i] + tonumber(ARGV[i*3-2])
      redis.call('SET', key, string.format('%.0f', full[i]), 'PXAT', string.format('%.0f', math.ceil(full[i] / 1000)))
    end
    reply[i+1] = string.format('%.0f', full[i] - now)
  end
  return reply`);

const GIVE_BACK = scriptOf(`
  for i, key in ipairs(KEYS) do
    local full = redis.call('GET', key)
    if full then redis.call('SET', key, string.format('%.0f', tonumber(full) - tonumber(ARGV[i])), 'KEEPTTL') end
  end
  return {}`);
