#!/usr/bin/env node
/**
 * `npm run bench` measures the build and rebuilds it first if the sources are newer.
 *
 * Options: `--against <git ref>` also measures the build of that commit; `--only <section>` runs one section;
 * `--seconds <n>` sets how long each contender runs in a round; `--quick` runs one short round as a smoke test;
 * `--write` writes the results to docs/benchmarks.md.
 */
import { buildWhereStale } from '../scripts/build.mjs';
import './register-typescript.mjs';

await buildWhereStale();
const { main } = await import('./main.ts');
await main(process.argv.slice(2));
