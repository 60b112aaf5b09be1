import { ApiProperty } from '@nestjs/swagger';
import type { TokenPair } from '../use-cases/session-tokens.js';

/** The tokens of a session, as RFC 6749 §5.1 names them. */
export class TokenPairDto {
  @ApiProperty({
    description:
      'Identifies the user to each service of this issuer. Send it as `Authorization: Bearer …`. A JWT (RFC 9068).',
    example: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ii4uLiJ9.eyJpc3MiOiIuLi4ifQ.c2lnbmF0dXJl',
  })
  access_token!: string;

  @ApiProperty({ description: 'The authentication scheme of the access token.', enum: ['Bearer'], example: 'Bearer' })
  token_type!: 'Bearer';

  @ApiProperty({ description: 'Seconds until the access token expires.', type: 'integer', example: 900 })
  expires_in!: number;

  @ApiProperty({
    description: 'Exchange it once for the next pair. Opaque; keep it secret.',
    example: 'prt_AQGav8Jhe3AAobLD1OX2BxgAAAAAnRW6nEzUxJ5l7kQjJm1yYl0u3vJ0dXq2mVh0b8w9Zc4',
  })
  refresh_token!: string;

  @ApiProperty({
    description: 'Seconds until the refresh token expires if it is not used.',
    type: 'integer',
    example: 2_592_000,
  })
  refresh_expires_in!: number;

  /** The token response of RFC 6749 §5.1. */
  static from(pair: TokenPair): TokenPairDto {
    return Object.assign(new TokenPairDto(), {
      access_token: pair.accessToken,
      token_type: 'Bearer',
      expires_in: pair.expiresInSeconds,
      refresh_token: pair.refreshToken,
      refresh_expires_in: pair.refreshExpiresInSeconds,
    });
  }
}
