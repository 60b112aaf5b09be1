import { ApiProperty } from '@nestjs/swagger';
import type { TokenPair } from '../use-cases/session-tokens.js';

/** The tokens of a session, in the words of RFC 6749 §5.1. */
export class TokenPairDto {
  @ApiProperty({
    description:
      'Proves the user to every service of this issuer: send it as `Authorization: Bearer …`. A JWT of RFC 9068.',
    example: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ii4uLiJ9.eyJpc3MiOiIuLi4ifQ.c2lnbmF0dXJl',
  })
  access_token!: string;

  @ApiProperty({ description: 'How the access token is sent.', enum: ['Bearer'], example: 'Bearer' })
  token_type!: 'Bearer';

  @ApiProperty({ description: 'Seconds until the access token expires.', type: 'integer', example: 900 })
  expires_in!: number;

  @ApiProperty({
    description: 'Yields the next pair, once. Opaque; keep it secret.',
    example: 'prt_AQGav8Jhe3AAobLD1OX2BxgAAAAAnRW6nEzUxJ5l7kQjJm1yYl0u3vJ0dXq2mVh0b8w9Zc4',
  })
  refresh_token!: string;

  @ApiProperty({ description: 'Seconds until the refresh token expires unused.', type: 'integer', example: 2_592_000 })
  refresh_expires_in!: number;

  /** The pair as it is sent. */
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
