import { ApiProperty } from '@nestjs/swagger';

/** Authorization server metadata (RFC 8414 §2); further members where further endpoints exist. */
export class MetadataDto {
  @ApiProperty({ description: 'The `iss` of every token.', example: 'https://id.example.com' })
  issuer!: string;

  @ApiProperty({
    description: 'Where the public keys are.',
    example: 'https://id.example.com/.well-known/jwks.json',
  })
  jwks_uri!: string;

  [member: string]: unknown;
}
