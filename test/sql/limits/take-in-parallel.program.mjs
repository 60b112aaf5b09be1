// Takes points in parallel from the store of the URL, and sends their number to the parent.
import { once } from 'node:events';
import { DataSource } from 'typeorm';
import { PostgresLimitStore, RedisLimitStore } from 'postern/limits';
import { Database } from 'postern/persistence';

const [url, claim, attempts] = process.argv.slice(2);
const dataSource = url.startsWith('redis:')
  ? undefined
  : await new DataSource({
      type: 'postgres',
      extra: { connectionString: url },
      poolSize: 14,
      installExtensions: false,
    }).initialize();
const store = dataSource ? new PostgresLimitStore(new Database(dataSource)) : new RedisLimitStore(url);
const warm = { ...JSON.parse(claim), id: crypto.randomUUID() };
await Promise.all(Array.from({ length: 14 }, () => store.take([warm])));
process.send('ready');
await once(process, 'message');
const states = await Promise.all(Array.from({ length: Number(attempts) }, () => store.take([JSON.parse(claim)])));
process.send(states.filter(([state]) => state.isTaken).length, () => process.exit());
