#!/usr/bin/env node
/** `npm run token`: builds where the build is missing or older than the sources, then makes the token. */
import { buildWhereStale } from './build.mjs';

try {
  await buildWhereStale();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
await import('../dist/src/token.js');
