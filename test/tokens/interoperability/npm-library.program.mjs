/** Verifies tokens with an npm library from the JWKS alone, in a separate process without the test runner. */
import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { json } from 'node:stream/consumers';
import express from 'express';
import { auth } from 'express-oauth2-jwt-bearer';
import { createVerifier } from 'fast-jwt';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import jwksRsa from 'jwks-rsa';

const { jwksUri, issuer, audience, algorithm, tokens } = await json(process.stdin);

function byJose() {
  const keys = createRemoteJWKSet(new URL(jwksUri));
  const rules = { issuer, audience, algorithms: [algorithm], typ: 'at+jwt' };
  return async (token) => (await jwtVerify(token, keys, rules)).payload.sub;
}

function byJwksRsa() {
  const client = jwksRsa({ jwksUri });
  const keyOf = ({ kid }, done) => {
    client.getSigningKey(kid).then(
      (key) => done(null, key.getPublicKey()),
      (error) => done(error),
    );
  };
  return (token) =>
    new Promise((resolve, reject) => {
      jsonwebtoken.verify(token, keyOf, { issuer, audience, algorithms: [algorithm] }, (error, claims) =>
        error ? reject(error) : resolve(claims.sub),
      );
    });
}

function byFastJwt() {
  const verify = createVerifier({
    key: async ({ header }) => {
      const { keys } = await (await fetch(jwksUri)).json();
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
  return async (token) => (await verify(token)).sub;
}

// Over HTTP, as in production. Its strict mode requires `client_id`, which the token of a password login does not have.
async function byExpress() {
  const service = express();
  service.use(auth({ issuer, jwksUri, audience, tokenSigningAlg: algorithm }));
  service.get('/', (request, response) => void response.json(request.auth.payload));
  const server = service.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return async (token) => {
    const answer = await fetch(`http://127.0.0.1:${server.address().port}/`, {
      headers: { authorization: `Bearer ${token}` },
    });
    if (!answer.ok) throw new Error(`${answer.status} ${answer.headers.get('www-authenticate')}`);
    return (await answer.json()).sub;
  };
}

const judges = {
  jose: byJose,
  'jwks-rsa': byJwksRsa,
  'fast-jwt': byFastJwt,
  'express-oauth2-jwt-bearer': byExpress,
};
const subjectOf = await judges[process.argv[2]]();
const verdicts = [];
for (const token of tokens) {
  verdicts.push(await subjectOf(token).catch((error) => `refused: ${error.message}`));
}
process.stdout.write(JSON.stringify(verdicts), () => process.exit());
