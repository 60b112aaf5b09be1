/**
 * Starts oidc-provider with a client for each way to authenticate, and sends its URL to the parent. It has a process of
 * its own, because the provider compares prototypes, which differ in the realm of Jest.
 */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const [audience, clientSecret, clientJwk] = process.argv.slice(2);
const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;

const client = {
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  // The default is RS256, and the provider rejects a client whose algorithm it has no key for.
  id_token_signed_response_alg: 'ES256',
};
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const provider = new Provider(issuer, {
  clients: [
    { ...client, client_id: 'or:ders', client_secret: clientSecret, token_endpoint_auth_method: 'client_secret_basic' },
    {
      ...client,
      client_id: 'stock',
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [JSON.parse(clientJwk)] },
    },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({
        scope: 'charge',
        audience,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 600,
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});
const answer = provider.callback();
server.on('request', (request, response) => void answer(request, response));
process.send(issuer);
process.once('disconnect', () => process.exit());
