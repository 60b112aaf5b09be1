/** node hono.mjs <JWKS URI> <issuer> <audience> <algorithm>, and tokens on the standard input, one a line. */
import { createInterface } from 'node:readline';
import { Hono } from 'hono';
import { jwk } from 'hono/jwk';

const [jwksUri, issuer, audience, algorithm] = process.argv.slice(2);
const service = new Hono();
// Without `typ` the middleware accepts the type JWT alone. It fetches the JWKS for each request: `keys` may cache it.
const verification = { typ: 'at+jwt', iss: issuer, aud: audience };
service.use(jwk({ jwks_uri: jwksUri, alg: [algorithm], verification }));
service.get('/', (context) => context.text(context.get('jwtPayload').sub));

async function subjectOf(token) {
  const answer = await service.request('/', { headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(`${answer.status} ${answer.headers.get('www-authenticate')}`);
  return answer.text();
}

for await (const token of createInterface(process.stdin)) {
  console.log(await subjectOf(token).catch((error) => `rejected: ${error.message}`));
}
