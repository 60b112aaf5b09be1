import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

/** Authorization server metadata (RFC 8414 §2); further members where further endpoints exist. */
export class MetadataDto {
  @ApiProperty({ description: 'The `iss` of every token.', example: 'https://id.example.com' })
  issuer!: string;

  @ApiProperty({
    description: 'Where the public keys are.',
    example: 'https://id.example.com/.well-known/jwks.json',
  })
  jwks_uri!: string;

  @ApiProperty({
    description: 'None: there is no authorization endpoint (the member is required all the same).',
    type: [String],
    example: [],
  })
  response_types_supported!: string[];

  @ApiProperty({ description: 'None: no grant of OAuth 2 is offered.', type: [String], example: [] })
  grant_types_supported!: string[];

  @ApiPropertyOptional({
    description: 'Where services follow what is revoked.',
    example: 'https://id.example.com/auth/revocations',
  })
  revocations_uri?: string;

  [member: string]: unknown;
}
