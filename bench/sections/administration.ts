import { untilCalm } from '../measurement/machine-load.js';
import { query } from '../cluster/databases.js';
import { serviceToken, startPostern } from '../cluster/postern-server.js';
import type { Child } from '../cluster/child.js';
import { count, ratio } from '../formatting.js';
import type { Bench, Outcome, Section } from '../section.js';

const FEW = 10_000;
const MANY = 1_000_000;
const ROUNDS = 200;
const WARM_UP_ROUNDS = 30;
const PROMISED_RATIO = 1.5;
/** The prefix of few e-mail addresses, among the others in their order. */
const RARE = 'b0zoe';
/** The first user, who has 20 sessions. */
const USER = '01900000-0000-7000-8000-000000000001';

/** Each read by its description. A page has the same number of rows in both databases. */
const READS: readonly (readonly [name: string, path: string])[] = [
  ['all', '/users'],
  ['newest first', '/users?sort=-createdAt'],
  ['by e-mail address', '/users?sort=email'],
  ['prefix of many', '/users?emailPrefix=a'],
  ['prefix of many, by e-mail address', '/users?emailPrefix=a&sort=email'],
  ['prefix of few', `/users?emailPrefix=${RARE}`],
  ['prefix of few, newest first', `/users?emailPrefix=${RARE}&sort=-createdAt`],
  ['prefix of few, by e-mail address', `/users?emailPrefix=${RARE}&sort=email`],
  ['role of many', '/users?role=common'],
  ['role of many, by e-mail address', '/users?role=common&sort=email'],
  ['role of many, newest first', '/users?role=common&sort=-createdAt'],
  ['role of few', '/users?role=rare'],
  ['role of few, by e-mail address', '/users?role=rare&sort=email'],
  ['role of many, prefix of few', `/users?role=common&emailPrefix=${RARE}`],
  ['disabled', '/users?disabled=true'],
  ['disabled, by e-mail address', '/users?disabled=true&sort=-email'],
  ['disabled, prefix of many', '/users?disabled=true&emailPrefix=a&limit=5'],
  ['disabled, prefix of few', `/users?disabled=true&emailPrefix=${RARE}`],
  ['disabled, prefix of few, by e-mail address', `/users?disabled=true&emailPrefix=${RARE}&sort=email`],
  ['disabled, role of few', '/users?disabled=true&role=rare'],
  ['enabled, prefix of few', `/users?disabled=false&emailPrefix=${RARE}`],
  ['not verified', '/users?verified=false'],
  ['not verified, by e-mail address', '/users?verified=false&sort=email'],
  ['not verified, prefix of many, by e-mail address', '/users?verified=false&emailPrefix=a&sort=email&limit=3'],
  ['sessions of a user', `/users/${USER}/sessions`],
  ['sessions of all', '/sessions'],
];

/** How much longer a read of the administration takes with many users. */
export const administration: Section = {
  name: 'administration',
  title: 'Administration of a million users',
  explains: `The built server on a PostgreSQL with ${count(FEW)} users and on one with ${count(MANY)}. Each user has a session; 10 % have the common
role, 1 % are disabled, 1 % are not verified, and 20 have the rare role and an e-mail address with the rare prefix. The
client sends each request ${ROUNDS} times to both servers by turns, and the medians are compared.`,
  measure,
};

async function measure(bench: Bench): Promise<Outcome> {
  const few = await filled(bench, FEW);
  const many = await filled(bench, bench.isQuick ? FEW : MANY);
  try {
    await untilCalm();
    const rows: [string, number, number][] = [];
    for (const [name, path] of READS) {
      const times: [number[], number[]] = [[], []];
      for (let round = -WARM_UP_ROUNDS; round < (bench.isQuick ? 10 : ROUNDS); round += 1) {
        for (const [at, server] of [few, many].entries()) {
          const time = await timeOf(server, path);
          if (round >= 0) times[at]!.push(time);
        }
      }
      rows.push([name, median(times[0]), median(times[1])]);
    }
    const worst = Math.max(...rows.map(([, one, other]) => other / one));
    return {
      tables: [
        {
          columns: ['Read', `${count(FEW)} users`, `${count(MANY)} users`, 'Ratio'],
          rows: rows.map(([name, one, other]) => [
            name,
            `${one.toFixed(2)} ms`,
            `${other.toFixed(2)} ms`,
            ratio(other / one),
          ]),
        },
      ],
      goals: [
        {
          promise: `each read with ${count(MANY)} users ≤ ${ratio(PROMISED_RATIO)} of ${count(FEW)} users`,
          reached: ratio(worst),
          isMet: worst <= PROMISED_RATIO,
        },
      ],
    };
  } finally {
    await Promise.all([few.child.stop(), many.child.stop()]);
  }
}

interface Server {
  readonly child: Child;
  readonly token: string;
}

/** A server on a new database with this number of users. */
async function filled(bench: Bench, users: number): Promise<Server> {
  const databaseUrl = await bench.database();
  // The first start creates the schema.
  const child = await startPostern(databaseUrl, { place: 'anywhere' });
  for (const [text, ...values] of ROWS) await query(databaseUrl, text, values.length > 0 ? [users] : []);
  return { child, token: await serviceToken(databaseUrl, 'users:read sessions:read') };
}

/** The id of the user `n`: a UUID of version 7 whose order is that of `n`. */
const ID = `('01900000-' || substr(lpad(to_hex(n), 8, '0'), 1, 4) || '-7' || substr(lpad(to_hex(n), 8, '0'), 5, 3)
  || '-8000-' || lpad(to_hex(n), 12, '0'))::uuid`;

const ROWS: readonly (readonly [string, boolean?])[] = [
  [
    `INSERT INTO users (id, email, email_verified_at, disabled_at, created_at, updated_at)
     SELECT ${ID},
       CASE WHEN n % ($1::int / 20) = 3 THEN '${RARE}' || n ELSE substr(md5(n::text), 1, 12) || n END || '@bench.test',
       CASE WHEN n % 100 <> 5 THEN now() END,
       CASE WHEN n % 100 = 7 OR n % ($1::int / 10) = 3 THEN now() END, now(), now()
     FROM generate_series(1, $1::int) n`,
    true,
  ],
  [
    `INSERT INTO roles (name, description, permissions, includes) SELECT unnest('{common,rare}'::text[]), 'x', '[]', '[]'`,
  ],
  [`INSERT INTO user_roles (user_id, role) SELECT id, 'common' FROM users WHERE hashtext(id::text) % 10 = 0`],
  [`INSERT INTO user_roles (user_id, role) SELECT id, 'rare' FROM users WHERE email LIKE '${RARE}%'`],
  [
    `INSERT INTO sessions (id, user_id, seed, generation, amr, authenticated_at, last_used_at, expires_at)
     SELECT gen_random_uuid(), id, '\\x00', 1, '["pwd"]', now(), now(), now() + interval '30 days'
     FROM (SELECT id FROM users UNION ALL SELECT '${USER}' FROM generate_series(1, 19)) u`,
  ],
  ['VACUUM ANALYZE'],
];

async function timeOf({ child, token }: Server, path: string): Promise<number> {
  const began = performance.now();
  const answer = await fetch(`${child.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path} answers ${answer.status}: ${text}`);
  return performance.now() - began;
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)]!;
}
