#!/usr/bin/env node
/**
 * Compares docs/openapi.json with the response of the built server at /docs-json, or writes it with `--write`. The
 * server runs on a free port with an embedded database in a temporary folder.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildWhereStale } from './build.mjs';
import { holdCommitted } from './committed.mjs';

const root = join(import.meta.dirname, '..');
const secondsToStart = 60;

await buildWhereStale();
const served = await documentOfServer();
const files = new Map([['docs/openapi.json', `${JSON.stringify(served, null, 2)}\n`]]);
holdCommitted(files, { write: process.argv.includes('--write'), command: 'npm run openapi:write' });

async function documentOfServer() {
  const home = mkdtempSync(join(tmpdir(), 'postern-openapi-'));
  const server = spawn(process.execPath, [join(root, 'dist/src/main.js')], {
    cwd: home,
    env: environmentOf(home),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(server, 'exit');
  try {
    const url = await Promise.race([
      addressOf(server),
      gone.then(([code]) => Promise.reject(new Error(`The server stopped with exit code ${code}.`))),
      new Promise((_, reject) =>
        setTimeout(reject, secondsToStart * 1000, new Error('The server did not start.')).unref(),
      ),
    ]);
    const response = await fetch(`${url}/docs-json`);
    if (!response.ok) throw new Error(`GET /docs-json answered ${response.status}.`);
    return await response.json();
  } finally {
    server.kill('SIGTERM');
    await gone;
    rmSync(home, { recursive: true, force: true });
  }
}

/** Removes the settings of the caller, which would change the document. */
function environmentOf(home) {
  const own =
    /^(POSTERN_|DATABASE_URL$|REDIS_URL$|SMTP_URL$|MAIL_FROM$|NODE_ENV$|CORS_ORIGINS$|TRUST_PROXY$|LOG_LEVEL$|HOST$|PORT$)/;
  const inherited = Object.entries(process.env).filter(([name]) => !own.test(name));
  return {
    ...Object.fromEntries(inherited),
    PORT: '0',
    LOG_LEVEL: 'warn',
    POSTERN_ISSUER: 'http://localhost:3000',
    POSTERN_DATA_DIR: join(home, 'data'),
  };
}

/** Continues to read after the address, because a full pipe would block the server. */
function addressOf(server) {
  return new Promise((resolve) => {
    createInterface({ input: server.stdout }).on('line', (line) => {
      const address = /listens at (http:\S+)/.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
  });
}
