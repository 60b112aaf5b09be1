import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

/** Authorization server metadata (RFC 8414 §2). Endpoints of other libs add members. */
export class MetadataDto {
  @ApiProperty({ description: 'The `iss` of every token.', example: 'https://id.example.com' })
  issuer!: string;

  @ApiProperty({
    description: 'The URL of the public keys.',
    example: 'https://id.example.com/.well-known/jwks.json',
  })
  jwks_uri!: string;

  @ApiProperty({
    description: 'Empty, because the server has no authorization endpoint. RFC 8414 requires the member.',
    type: [String],
    example: [],
  })
  response_types_supported!: string[];

  @ApiProperty({ description: 'Empty, because the server offers no OAuth 2.0 grant.', type: [String], example: [] })
  grant_types_supported!: string[];

  @ApiPropertyOptional({
    description: 'The URL of the revocation feed.',
    example: 'https://id.example.com/auth/revocations',
  })
  revocations_uri?: string;

  [member: string]: unknown;
}
