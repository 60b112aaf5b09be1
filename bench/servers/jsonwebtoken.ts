import { createRequire } from 'node:module';

interface JsonWebToken {
  readonly sign: (claims: object, key: object, options: object) => string;
  readonly verify: (token: string, key: object, options: object) => object;
}

/** The copy that `@nestjs/jwt` uses. */
export const { sign, verify } = createRequire(import.meta.resolve('@nestjs/jwt'))('jsonwebtoken') as JsonWebToken;
