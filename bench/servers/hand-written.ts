import 'reflect-metadata';
import { createPublicKey, createSecretKey } from 'node:crypto';
import type { JsonWebKey } from 'node:crypto';
import { Injectable, UnauthorizedException } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AUDIENCE, ISSUER } from '../cluster/tokens.js';
import { given } from './launch-options.js';
import { verify } from './jsonwebtoken.js';
import { helloModule, serve } from './serve.js';

const key =
  given.algorithm === 'HS256'
    ? createSecretKey(Buffer.from(given.key))
    : createPublicKey({ key: JSON.parse(given.key) as JsonWebKey, format: 'jwk' });
const options = { algorithms: [given.algorithm], issuer: ISSUER, audience: AUDIENCE };

/** The guard of a careful team: one key object, one allowed algorithm, and checks of issuer and audience. */
@Injectable()
class HandWrittenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: { authorization?: string }; user?: object }>();
    const [scheme, token] = request.headers.authorization?.split(' ') ?? [];
    if (scheme !== 'Bearer' || token === undefined) throw new UnauthorizedException();
    try {
      request.user = verify(token, key, options);
    } catch {
      throw new UnauthorizedException();
    }
    return true;
  }
}

await serve(helloModule({ providers: [{ provide: APP_GUARD, useClass: HandWrittenGuard }] }));
