#!/usr/bin/env node
/** `npm run keys`: builds where the build is missing or older than the sources, then does what is asked to the signing keys. */
import { buildWhereStale } from './build.mjs';

try {
  await buildWhereStale();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
await import('../dist/src/keys.js');
