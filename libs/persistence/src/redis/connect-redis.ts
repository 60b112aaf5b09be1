import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { redisGroupOf } from './redis-url.js';

/** A client of one Redis, of a master that Sentinels name, or of a cluster. */
export type RedisClient = Redis | Cluster;

/**
 * Creates a client for a Redis URL. It connects in the background.
 * @param url `redis://…`, `rediss://…`, `redis+sentinel://…/master` or `redis+cluster://…`
 * @throws Error if the optional package `ioredis` is not installed
 */
export async function connectRedis(url: string, options: RedisOptions): Promise<RedisClient> {
  // Loaded here, so that an application without `redisUrl` does not need ioredis.
  const { Cluster, Redis } = await import('ioredis');
  const group = redisGroupOf(url);
  if (group === undefined) return new Redis(url, options);
  const { kind, hosts, isSecure, username, password, name, sentinelUsername, sentinelPassword } = group;
  const common: RedisOptions = {
    ...options,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(isSecure && { tls: {} }),
  };
  if (kind === 'cluster') return new Cluster([...hosts], { redisOptions: common });
  return new Redis({
    ...common,
    sentinels: [...hosts],
    name: name!,
    enableTLSForSentinelMode: isSecure,
    ...(isSecure && { sentinelTLS: {} }),
    ...(sentinelUsername !== undefined && { sentinelUsername }),
    ...(sentinelPassword !== undefined && { sentinelPassword }),
  });
}
