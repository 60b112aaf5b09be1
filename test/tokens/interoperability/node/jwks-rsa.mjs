/** node jwks-rsa.mjs <JWKS URI> <issuer> <audience> <algorithm>, and tokens on the standard input, one a line. */
import { createInterface } from 'node:readline';
import jsonwebtoken from 'jsonwebtoken';
import jwksRsa from 'jwks-rsa';

const [jwksUri, issuer, audience, algorithm] = process.argv.slice(2);
const client = jwksRsa({ jwksUri });

async function subjectOf(token) {
  const key = await client.getSigningKey(jsonwebtoken.decode(token, { complete: true })?.header.kid);
  const claims = jsonwebtoken.verify(token, key.getPublicKey(), { issuer, audience, algorithms: [algorithm] });
  return claims.sub;
}

for await (const token of createInterface(process.stdin)) {
  console.log(await subjectOf(token).catch((error) => `rejected: ${error.message}`));
}
