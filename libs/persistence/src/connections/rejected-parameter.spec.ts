import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { Test } from '@nestjs/testing';
import { PersistenceModule } from '../persistence.module.js';

/** Answers the first message of each connection as PgBouncer does. */
async function poolerThatRejects(parameter: string): Promise<Server> {
  const fields = ['SFATAL', 'C08P01', `Munsupported startup parameter: ${parameter}`, ''];
  const body = Buffer.from(`${fields.join('\0')}\0`);
  const head = Buffer.alloc(5, 'E');
  head.writeInt32BE(body.length + 4, 1);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(Buffer.concat([head, body])));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

describe('a start behind PgBouncer', () => {
  it.each([
    [
      'statement_timeout',
      /startup parameter: statement_timeout\. PgBouncer .* "ignore_startup_parameters = statement_timeout, lock_timeout, idle_in_transaction_session_timeout"/,
    ],
    ['search_path', /startup parameter: search_path\. PgBouncer .* Remove it from the URL, or add it to/],
  ])('the start names the remedy if PgBouncer rejects %s', async (parameter, sentence) => {
    const pooler = await poolerThatRejects(parameter);
    try {
      const databaseUrl = `postgres://postern@127.0.0.1:${(pooler.address() as AddressInfo).port}/postern`;
      const module = Test.createTestingModule({ imports: [PersistenceModule.forRoot({ databaseUrl })] });
      await expect(module.compile()).rejects.toThrow(sentence);
    } finally {
      pooler.close();
    }
  });
});
