#!/usr/bin/env bash
# oidc-provider rejects a client assertion (private_key_jwt, RFC 7523) whose header has the RFC 7638 thumbprint as `kid`, if
# the registered key of the client has no `kid`. Without `kid`, it accepts the same assertion. `kid` is optional in both
# places (RFC 7515 §4.1.4, RFC 7517 §4.5), and the answer is only `client authentication failed`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund oidc-provider@9.13.3 jose@6.2.18
cat >run.mjs <<'JS'
import { createServer } from 'node:http';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Provider } from 'oidc-provider';
const { version } = JSON.parse(readFileSync('node_modules/oidc-provider/package.json', 'utf8'));
console.warn = console.info = () => undefined;
const keys = await generateKeyPair('ES256', { extractable: true });
const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;
const registered = { ...(await exportJWK(keys.publicKey)), alg: 'ES256', use: 'sig' };
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'stock',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256',
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [registered] },
    },
  ],
  jwks: { keys: [{ ...(await exportJWK(keys.privateKey)), alg: 'ES256', use: 'sig' }] },
  features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
});
server.on('request', provider.callback());
const statusWith = async (kid) => {
  const claims = { iss: 'stock', sub: 'stock', aud: issuer, jti: String(Math.random()) };
  const token = new SignJWT(claims).setProtectedHeader({ alg: 'ES256', ...kid }).setIssuedAt().setExpirationTime('1m');
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: 'stock',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await token.sign(keys.privateKey),
  });
  const answer = await fetch(`${issuer}/token`, { method: 'POST', body });
  return `${answer.status} ${(await answer.json()).error ?? 'token'}`;
};
const without = await statusWith({});
const thumbprint = await statusWith({ kid: await calculateJwkThumbprint(registered) });
console.log(`oidc-provider ${version}: without kid ${without}; with the thumbprint as kid ${thumbprint}`);
process.exit(without === '200 token' && thumbprint === '401 invalid_client' ? 0 : 1);
JS
node run.mjs
