#!/usr/bin/env bash
# pg-pool fails a request at once when the server refuses a further connection, although connections of the pool are open:
# a role with CONNECTION LIMIT 4 and a pool of 10 fail about half of 500 queries, and no setting of the pool makes them wait.
# The server here speaks PostgreSQL's protocol 3.0 and allows four connections (SQLSTATE 53300 for a fifth).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund pg@8.23.1 pg-pool@3.14.0
cat >run.mjs <<'JS'
import { createServer } from 'node:net';
import { readFileSync } from 'node:fs';
import pg from 'pg';
const versionOf = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
const LIMIT = 4;
const message = (type, body) => {
  const head = Buffer.from(`${type}\0\0\0\0`);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const ready = message('Z', Buffer.from('I'));
let open = 0;
const server = createServer((socket) => {
  let isStarted = false;
  socket.on('error', () => undefined);
  socket.on('close', () => isStarted && (open -= 1));
  socket.on('data', (data) => {
    if (isStarted) {
      if (data[0] === 0x58) return socket.end();
      return setTimeout(() => socket.write(Buffer.concat([message('C', Buffer.from('SELECT 0\0')), ready])), 2);
    }
    if (open >= LIMIT) return socket.end(message('E', Buffer.from('SFATAL\0C53300\0Mtoo many connections for role "app"\0\0')));
    isStarted = true;
    open += 1;
    socket.write(Buffer.concat([message('R', Buffer.alloc(4)), ready]));
  });
});
server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  const pool = new pg.Pool({ host: '127.0.0.1', port, user: 'app', max: 10, connectionTimeoutMillis: 10_000 });
  const outcomes = await Promise.allSettled(Array.from({ length: 500 }, () => pool.query('SELECT')));
  const failed = outcomes.filter(({ status }) => status === 'rejected');
  const codes = [...new Set(failed.map(({ reason }) => reason.code))];
  console.log(`pg ${versionOf('pg')}, pg-pool ${versionOf('pg-pool')}: 500 queries, ${pool.totalCount} connections open, ${failed.length} failed with ${codes}`);
  await pool.end();
  server.close();
  process.exitCode = failed.length > 0 && codes.join() === '53300' ? 0 : 1;
});
JS
node run.mjs
