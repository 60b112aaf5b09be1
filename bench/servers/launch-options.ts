import type { BenchAlgorithm } from '../cluster/tokens.js';

/** The bench's settings for the verification key of a server. */
export const given = {
  algorithm: text('BENCH_ALGORITHM') as BenchAlgorithm,
  kid: text('BENCH_KID'),
  key: text('BENCH_KEY'),
};

function text(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is missing: this server is started by npm run bench.`);
  return value;
}
