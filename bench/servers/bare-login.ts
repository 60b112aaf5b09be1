import { createHash, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { verify } from '@node-rs/argon2';
import { fastify } from 'fastify';
import pg from 'pg';
import { sign } from './jsonwebtoken.js';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
await pool.query(
  'CREATE TABLE bare_sessions (id uuid PRIMARY KEY, user_id uuid NOT NULL, refresh_token bytea NOT NULL)',
);
// The same concurrency as the built server.
const lanes = Array.from({ length: Math.min(availableParallelism(), 3) }, () => Promise.resolve(true));
let hashes = 0;

function prove(stored: string, password: string): Promise<boolean> {
  const at = hashes++ % lanes.length;
  return (lanes[at] = lanes[at]!.then(() => verify(stored, password)));
}

/** The minimum of a login: one query, one hash, one row, two tokens; no framework but Fastify, and no checks. */
const server = fastify();
server.post<{ Body: { email: string; password: string } }>('/auth/login', async ({ body }) => {
  const found = await pool.query<{ id: string; hash: string }>({
    name: 'find',
    text: 'SELECT u.id, c.hash FROM users u JOIN password_credentials c ON c.user_id = u.id WHERE u.email = $1',
    values: [body.email],
  });
  const { id: sub, hash } = found.rows[0]!;
  if (!(await prove(hash, body.password))) throw new Error('The bench has sent a wrong password.');
  const sid = randomUUID();
  const refreshToken = randomBytes(32);
  const digest = createHash('sha256').update(refreshToken).digest();
  await pool.query({ name: 'add', text: 'INSERT INTO bare_sessions VALUES ($1, $2, $3)', values: [sid, sub, digest] });
  return {
    access_token: sign({ sub, sid, jti: randomUUID() }, privateKey, { algorithm: 'ES256', expiresIn: 900 }),
    token_type: 'Bearer',
    expires_in: 900,
    refresh_token: refreshToken.toString('base64url'),
  };
});
process.stdout.write(`listens at ${await server.listen({ port: 0, host: '127.0.0.1' })}\n`);
