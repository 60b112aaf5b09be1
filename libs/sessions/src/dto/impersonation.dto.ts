import { ApiProperty } from '@nestjs/swagger';
import type { IssuedAccessToken } from 'postern/tokens';

/** An access token by which an administrator acts as a user. */
export class ImpersonationDto {
  @ApiProperty({
    description: 'Identifies the user, and in `act` the administrator. Send it as `Authorization: Bearer …`.',
    example: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ii4uLiJ9.eyJhY3QiOnsic3ViIjoiLi4uIn19.c2lnbmF0dXJl',
  })
  access_token!: string;

  @ApiProperty({ description: 'The authentication scheme of the access token.', enum: ['Bearer'], example: 'Bearer' })
  token_type!: 'Bearer';

  @ApiProperty({ description: 'Seconds until the access token expires.', type: 'integer', example: 600 })
  expires_in!: number;

  /** The token response of RFC 6749 §5.1, without a refresh token. */
  static from({ token, expiresInSeconds }: IssuedAccessToken): ImpersonationDto {
    return { access_token: token, token_type: 'Bearer', expires_in: expiresInSeconds };
  }
}
