#!/usr/bin/env node
/**
 * `npm run bench`: measures what is built, and builds it first where the sources are newer.
 *
 * `--against <git ref>` races the build of that commit beside the working tree · `--only <section>` one section ·
 * `--seconds <n>` how long each contender runs in a round · `--quick` one short round, to see that it runs · `--write` puts the
 * results into docs/benchmarks.md
 */
import { buildWhereStale } from '../scripts/build.mjs';
import './register-typescript.mjs';

await buildWhereStale();
const { main } = await import('./main.ts');
await main(process.argv.slice(2));
