import { EventEmitter } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { jest } from '@jest/globals';
import type pg from 'pg';
import { LimitedPool } from './limited-pool.js';

const limitError = () => Object.assign(new Error('too many connections for role "postern"'), { code: '53300' });

describe('LimitedPool', () => {
  let allowed: number;
  let open: number;
  let refused: number;
  let elapsed: number;
  let pool: LimitedPool;
  let lines: string[];

  /** A connection to a server that allows `allowed` connections. */
  class LimitedClient extends EventEmitter {
    readonly _queryable = true;

    connect(connected: (error?: Error) => void): void {
      const isAllowed = open < allowed;
      if (isAllowed) open += 1;
      else refused += 1;
      setImmediate(() => connected(isAllowed ? undefined : limitError()));
    }

    end(ended?: () => void): void {
      open -= 1;
      ended?.();
    }
  }

  beforeEach(() => {
    [allowed, open, refused, elapsed, lines] = [2, 0, 0, 0, []];
    for (const level of ['log', 'warn'] as const) {
      jest.spyOn(Logger.prototype, level).mockImplementation((line: string) => void lines.push(`${level}: ${line}`));
    }
    const Client = LimitedClient as unknown as pg.PoolConfig['Client'];
    pool = new LimitedPool({ Client, max: 5, connectionTimeoutMillis: 1000 }, 'requests', () => elapsed);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await pool.end();
  });

  /** Sends requests at once; each one keeps its connection for a turn of the event loop. */
  const requests = (count: number) =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const client = await pool.connect();
        await nextTurn();
        client.release();
      }),
    );

  it('requests wait for open connections of the pool if the server allows no further ones', async () => {
    await requests(100);
    expect([open, pool.size]).toEqual([2, 2]);
    const atFirst = refused;
    expect(atFirst).toBeLessThan(10);
    await requests(100);
    expect(refused).toBe(atFirst);
    expect(lines).toEqual([
      'warn: The database allows no further connection for requests ("too many connections for role "postern""): 2 of 5 are ' +
        'open and shared; Postern will retry every 30 s.',
    ]);
  });

  it('a pool fails at once if it has no open connection to wait for', async () => {
    allowed = 0;
    await expect(pool.connect()).rejects.toMatchObject({ code: '53300' });
    expect(lines).toEqual([]);
  });

  it('a pool tries one more connection every 30 s, and returns to its size if the server allows it', async () => {
    await requests(10);
    const atFirst = refused;
    elapsed += 31_000;
    await requests(10);
    expect(refused).toBeGreaterThan(atFirst);
    expect(refused).toBeLessThan(atFirst + 4);
    expect(pool.size).toBe(2);
    allowed = 10;
    elapsed += 31_000;
    for (let burst = 0; burst < 3; burst += 1) await requests(50);
    expect([open, pool.size]).toEqual([5, 5]);
    expect(lines.slice(1)).toEqual(['log: The database allows all 5 connections for requests again.']);
  });
});
