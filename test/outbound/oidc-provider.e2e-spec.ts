import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import { AccessTokenVerifier, AuthModule } from 'postern/auth';
import type { Principal } from 'postern/auth';
import { OutboundModule, ServiceTokens } from 'postern/outbound';
import type { OutboundSettings } from 'postern/outbound';

/*
 * A certified authorization server of another party: the client finds its token endpoint, authenticates, and gets a
 * token that `AuthModule` of the called service accepts.
 */

const AUDIENCE = 'https://billing.acme.internal';
const clientSecret = 'a+secret %:of the client';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

let provider: ChildProcess;
let issuer: string;

beforeAll(async () => {
  const jwk = JSON.stringify({ ...publicKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' });
  const program = join(import.meta.dirname, 'oidc-provider.program.mjs');
  provider = fork(program, [AUDIENCE, clientSecret, jwk], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  [issuer] = (await once(provider, 'message')) as [string];
});
afterAll(async () => {
  provider.disconnect();
  await once(provider, 'exit');
});

async function principalOf(settings: Partial<OutboundSettings>): Promise<Principal> {
  const module = await Test.createTestingModule({
    imports: [
      AuthModule.forRoot({ issuer, audience: AUDIENCE }),
      OutboundModule.forRoot({ issuer, services: {}, ...settings }),
    ],
  }).compile();
  const token = await module.get(ServiceTokens).get({ audience: AUDIENCE, scopes: ['charge'] });
  return module.get(AccessTokenVerifier).verify(token);
}

describe('a token of oidc-provider', () => {
  it.each<[string, Partial<OutboundSettings>, string]>([
    [
      'client_secret_basic, with a secret that a function reads',
      { clientSecret: async () => `${clientSecret}\n` },
      'or:ders',
    ],
    ['private_key_jwt', { clientKey: { pem } }, 'stock'],
  ])('a client gets a token by %s, and the called service accepts it', async (_, credentials, clientId) => {
    const expected = { subject: clientId, clientId, scopes: ['charge'] };
    expect(await principalOf({ clientId, ...credentials })).toMatchObject(expected);
  });
});
