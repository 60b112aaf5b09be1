import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { PublicSigningKey } from '../keys/signing-keys.js';

/** A public key (RFC 7517 §4). */
export class JwkDto {
  @ApiProperty({ description: 'The key type.', enum: ['EC', 'RSA', 'OKP'], example: 'EC' })
  kty!: string;

  @ApiProperty({ description: 'The use of the key.', enum: ['sig'], example: 'sig' })
  use!: string;

  @ApiProperty({ description: 'The only algorithm of the key.', example: 'ES256' })
  alg!: string;

  @ApiProperty({
    description: 'The `kid` in the header of tokens: the thumbprint of the key (RFC 7638).',
    example: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  })
  kid!: string;

  @ApiPropertyOptional({ description: 'The curve of an EC or OKP key.', example: 'P-256' })
  crv?: string;

  @ApiPropertyOptional({
    description: 'The x coordinate of an EC key, or an OKP key itself (RFC 8037 §2).',
    example: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  })
  x?: string;

  @ApiPropertyOptional({
    description: 'The y coordinate of an EC key.',
    example: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  })
  y?: string;

  @ApiPropertyOptional({ description: 'The modulus of an RSA key.' })
  n?: string;

  @ApiPropertyOptional({ description: 'The public exponent of an RSA key.' })
  e?: string;
}

/** A JSON Web Key Set (RFC 7517 §5). */
export class JwksDto {
  @ApiProperty({ description: 'The keys.', type: [JwkDto] })
  keys!: JwkDto[];

  /** Copies only the public members by name, so that no other member of a JWK is ever published. */
  static from(keys: readonly PublicSigningKey[]): JwksDto {
    const published = keys.flatMap(({ kid, alg, jwk }): JwkDto[] => {
      if (jwk?.kty === 'EC') return [{ kty: 'EC', use: 'sig', alg, kid, crv: jwk.crv, x: jwk.x, y: jwk.y }];
      if (jwk?.kty === 'OKP') return [{ kty: 'OKP', use: 'sig', alg, kid, crv: jwk.crv, x: jwk.x }];
      if (jwk?.kty === 'RSA') return [{ kty: 'RSA', use: 'sig', alg, kid, n: jwk.n, e: jwk.e }];
      return [];
    });
    return Object.assign(new JwksDto(), { keys: published });
  }
}
