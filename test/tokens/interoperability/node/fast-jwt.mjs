/** node fast-jwt.mjs <JWKS URI> <issuer> <audience> <algorithm>, and tokens on the standard input, one a line. */
import { createPublicKey } from 'node:crypto';
import { createInterface } from 'node:readline';
import { createVerifier } from 'fast-jwt';

const [jwksUri, issuer, audience, algorithm] = process.argv.slice(2);
const { keys } = await (await fetch(jwksUri)).json();
const verify = createVerifier({
  // The library knows no JWKS.
  key: async ({ header }) => {
    const key = keys.find(({ kid }) => kid === header.kid);
    if (key === undefined) throw new Error('no such key');
    return createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  },
  algorithms: [algorithm],
  allowedIss: issuer,
  allowedAud: audience,
  checkTyp: 'at+jwt',
  requiredClaims: ['iss', 'exp', 'aud', 'sub', 'iat', 'jti'],
});

async function subjectOf(token) {
  const claims = await verify(token);
  return claims.sub;
}

for await (const token of createInterface(process.stdin)) {
  console.log(await subjectOf(token).catch((error) => `rejected: ${error.message}`));
}
