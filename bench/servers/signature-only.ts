import 'reflect-metadata';
import { createHmac, createPublicKey, createSecretKey, timingSafeEqual, verify } from 'node:crypto';
import type { JsonWebKey } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { given } from './launch-options.js';
import { helloModule, serve } from './serve.js';

const SCHEME = 'Bearer ';
const key =
  given.algorithm === 'HS256'
    ? createSecretKey(Buffer.from(given.key))
    : createPublicKey({ key: JSON.parse(given.key) as JsonWebKey, format: 'jwk' });
const options = { key, dsaEncoding: 'ieee-p1363' } as const;

/** Verifies only the signature, which is the minimum work of a guard. */
@Injectable()
class SignatureOnlyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { authorization } = context.switchToHttp().getRequest<{ headers: { authorization: string } }>().headers;
    const dot = authorization.lastIndexOf('.');
    const input = Buffer.from(authorization.slice(SCHEME.length, dot), 'latin1');
    const signature = Buffer.from(authorization.slice(dot + 1), 'base64url');
    return given.algorithm === 'HS256'
      ? timingSafeEqual(createHmac('sha256', key).update(input).digest(), signature)
      : verify('sha256', input, options, signature);
  }
}

await serve(helloModule({ providers: [{ provide: APP_GUARD, useClass: SignatureOnlyGuard }] }));
