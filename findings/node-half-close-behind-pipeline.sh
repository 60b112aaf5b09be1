#!/usr/bin/env bash
# Node's HTTP server stops reading a connection when many answers wait behind one that is not finished (pipelining). It then does not
# see that the client has ended its side: neither the socket nor the request says so, until the first answer is finished.
# A server that frees something at the end of the connection, such as the place of a long poll, has to look for such connections itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/server.mjs" <<'JS'
import { createServer } from 'node:http';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

console.log(`node ${process.versions.node}`);
const request = (path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

async function seesTheEnd(behind) {
  let socket;
  let answered = 0;
  const server = createServer((incoming, outgoing) => {
    if (incoming.url === '/wait') socket = incoming.socket; // The answer comes later.
    else {
      outgoing.end('x'.repeat(500));
      answered += 1;
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = connect({ port: server.address().port, host: '127.0.0.1', allowHalfOpen: true });
  client.write(request('/wait') + request('/now').repeat(behind));
  client.end();
  await delay(1500);
  const seen = socket.readableEnded || socket.destroyed;
  console.log(`${behind} requests behind the first: ${answered} handled, socket paused: ${socket.isPaused()}, end seen: ${seen}`);
  client.destroy();
  server.closeAllConnections();
  server.close();
  return seen;
}

const few = await seesTheEnd(3);
const many = await seesTheEnd(3000);
process.exit(few && !many ? 0 : 1);
JS
node "$folder/server.mjs"
