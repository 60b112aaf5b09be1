import 'reflect-metadata';
import { AuthModule } from 'postern/auth';
import type { Jwk, KeyMaterial } from 'postern/auth';
import { AUDIENCE, ISSUER } from '../cluster/tokens.js';
import { given } from './launch-options.js';
import { helloModule, serve } from './serve.js';

const { algorithm, kid, key } = given;
const material: KeyMaterial = algorithm === 'HS256' ? { secret: key, kid } : { jwk: JSON.parse(key) as Jwk };

await serve(
  helloModule({ imports: [AuthModule.forRoot({ issuer: ISSUER, audience: AUDIENCE, staticKeys: [material] })] }),
);
