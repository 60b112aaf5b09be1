/** node jose.mjs <JWKS URI> <issuer> <audience> <algorithm>, and tokens on the standard input, one a line. */
import { createInterface } from 'node:readline';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const [jwksUri, issuer, audience, algorithm] = process.argv.slice(2);
const keys = createRemoteJWKSet(new URL(jwksUri));
const rules = { issuer, audience, algorithms: [algorithm], typ: 'at+jwt', requiredClaims: ['exp', 'sub'] };

async function subjectOf(token) {
  const { payload } = await jwtVerify(token, keys, rules);
  return payload.sub;
}

for await (const token of createInterface(process.stdin)) {
  console.log(await subjectOf(token).catch((error) => `rejected: ${error.message}`));
}
