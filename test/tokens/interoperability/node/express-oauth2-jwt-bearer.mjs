/** node express-oauth2-jwt-bearer.mjs <JWKS URI> <issuer> <audience> <algorithm>, and tokens on stdin, one a line. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import express from 'express';
import { auth } from 'express-oauth2-jwt-bearer';

const [jwksUri, issuer, audience, algorithm] = process.argv.slice(2);
const service = express();
service.use(auth({ jwksUri, issuer, audience, tokenSigningAlg: algorithm, strict: true }));
service.get('/', (request, response) => void response.send(request.auth.payload.sub));
const server = service.listen(0, '127.0.0.1');
await once(server, 'listening');

async function subjectOf(token) {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`http://127.0.0.1:${server.address().port}/`, { headers });
  if (!answer.ok) throw new Error(`${answer.status} ${answer.headers.get('www-authenticate')}`);
  return answer.text();
}

for await (const token of createInterface(process.stdin)) {
  console.log(await subjectOf(token).catch((error) => `rejected: ${error.message}`));
}
process.exit();
