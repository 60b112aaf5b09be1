import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { JWT_ALGORITHMS } from 'postern/auth';
import type { JwtAlgorithm } from 'postern/auth';

/** Which keys to rotate. */
export class RotateKeysDto {
  @ApiPropertyOptional({
    description: 'The algorithm whose key is rotated; by default every configured algorithm.',
    enum: JWT_ALGORITHMS,
    example: 'ES256',
  })
  @IsOptional()
  @IsIn(JWT_ALGORITHMS)
  algorithm?: JwtAlgorithm;
}
