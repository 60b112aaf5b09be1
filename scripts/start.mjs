#!/usr/bin/env node
/**
 * `npm start`: builds where the build is missing or older than the sources, then becomes the server.
 * One process, so that Ctrl-C and a supervisor's signals reach the server itself.
 */
import { buildWhereStale } from './build.mjs';

try {
  await buildWhereStale();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
await import('../dist/src/main.js');
