import { Controller, Get, Module } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import type { KeyPairKeyObjectResult } from 'node:crypto';
import { AuthModule } from 'postern/auth';
import { JWT_ALGORITHMS } from 'postern/jws';
import { PersistenceModule } from 'postern/persistence';
import { ProblemModule } from 'postern/problem';
import { createTestDatabase } from 'postern/testing';
import { KeyRingVerificationKeys, TokenSigner, TokensModule } from 'postern/tokens';
import type { INestApplication } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { JwtAlgorithm, KeyMaterial } from 'postern/jws';
import type { TestDatabase } from 'postern/testing';
import type { StaticSigningKeySettings } from 'postern/tokens';

const issuer = 'https://id.example.com';
const audience = 'https://api.example.com';
const secret = 'a secret that an issuer and a service share';

/** A key without a `kid`, in the form for the issuer and in the form for a service. */
interface SharedKey {
  readonly signs: StaticSigningKeySettings;
  readonly verifies: KeyMaterial;
}

type Form = 'PEM' | 'JWK';

function keyPairFor(algorithm: JwtAlgorithm): KeyPairKeyObjectResult {
  if (algorithm.startsWith('Ed')) return generateKeyPairSync('ed25519');
  if (!algorithm.startsWith('ES')) return generateKeyPairSync('rsa', { modulusLength: 2048 });
  return generateKeyPairSync('ec', { namedCurve: algorithm === 'ES256' ? 'P-256' : 'P-384' });
}

function sharedKey(algorithm: JwtAlgorithm, form: Form): SharedKey {
  if (algorithm === 'HS256') {
    const jwk = createSecretKey(Buffer.from(secret)).export({ format: 'jwk' });
    return form === 'PEM'
      ? { signs: { algorithm, secret }, verifies: { secret } }
      : { signs: { algorithm, privateKey: jwk }, verifies: { jwk } };
  }
  const { publicKey, privateKey } = keyPairFor(algorithm);
  return form === 'PEM'
    ? {
        signs: { algorithm, privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() },
        verifies: { pem: publicKey.export({ format: 'pem', type: 'spki' }).toString(), alg: algorithm },
      }
    : {
        signs: { algorithm, privateKey: privateKey.export({ format: 'jwk' }) },
        verifies: { jwk: { ...publicKey.export({ format: 'jwk' }), alg: algorithm } },
      };
}

@Controller('orders')
class OrdersController {
  @Get() all(): object {
    return { orders: [] };
  }
}

@Module({ controllers: [OrdersController] })
class OrdersModule {}

const quiet = () => undefined;
const applications: INestApplication[] = [];
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

afterEach(() => Promise.all(applications.splice(0).map((application) => application.close())));

async function boot(imports: Parameters<typeof Test.createTestingModule>[0]['imports'], adapter: AbstractHttpAdapter) {
  const module = await Test.createTestingModule({ imports: [ProblemModule.forRoot({}), ...imports!] })
    .setLogger({ log: quiet, warn: quiet, error: quiet })
    .compile();
  const application = module.createNestApplication(adapter);
  applications.push(application);
  await application.listen(0, '127.0.0.1');
  return application;
}

describe('static keys without a kid', () => {
  it.each([
    ['PEM', 'Fastify', () => new FastifyAdapter()],
    ['JWK', 'Express', () => new ExpressAdapter()],
  ] as const)(
    'a static key has the same kid in issuer and service for every algorithm, as %s, on %s',
    async (form, _, adapter) => {
      const keys = JWT_ALGORITHMS.map((algorithm) => [algorithm, sharedKey(algorithm, form)] as const);
      const id = await boot(
        [
          PersistenceModule.forRoot({ databaseUrl: database.url, poolSize: 6 }),
          AuthModule.forRoot({ issuer, audience, algorithms: JWT_ALGORITHMS, keys: KeyRingVerificationKeys }),
          TokensModule.forRoot({
            issuer,
            audience,
            secret: 'n4Yw9Qe7Rt2Ui5Op8As1Df3Gh6Jk0LzXc',
            additionalAlgorithms: JWT_ALGORITHMS,
            staticKeys: keys.map(([, { signs }]) => signs),
          }),
        ],
        adapter(),
      );
      const iat = Math.floor(Date.now() / 1000);
      for (const [algorithm, { verifies }] of keys) {
        const claims = { iss: issuer, aud: audience, sub: 'ann', jti: algorithm, iat, exp: iat + 60 };
        const token = await id.get(TokenSigner).sign(claims, { typ: 'at+jwt', algorithm });
        const service = await boot(
          [OrdersModule, AuthModule.forRoot({ issuer, audience, staticKeys: [verifies] })],
          adapter(),
        );
        const { status } = await fetch(`${await service.getUrl()}/orders`, {
          headers: { authorization: `Bearer ${token}` },
        });
        expect([algorithm, status]).toEqual([algorithm, 200]);
      }
    },
  );
});
