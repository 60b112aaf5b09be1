/** node oauth4webapi.mjs <JWKS URI> <issuer> <audience> <algorithm>, and tokens on the standard input, one a line. */
import { createInterface } from 'node:readline';
import * as oauth from 'oauth4webapi';

const [jwksUri, issuer, audience, algorithm] = process.argv.slice(2);
const server = { issuer, jwks_uri: jwksUri };
const rules = { signingAlgorithms: [algorithm], [oauth.allowInsecureRequests]: jwksUri.startsWith('http:') };

async function subjectOf(token) {
  const request = new Request('https://orders.example.test/', { headers: { authorization: `Bearer ${token}` } });
  const claims = await oauth.validateJwtAccessToken(server, request, audience, rules);
  return claims.sub;
}

for await (const token of createInterface(process.stdin)) {
  console.log(await subjectOf(token).catch((error) => `rejected: ${error.message}`));
}
