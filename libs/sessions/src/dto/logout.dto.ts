import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsNotEmpty, IsString, MaxLength, ValidateIf } from 'class-validator';

/** The refresh token of the session to end, for a client whose access token may have expired. */
export class LogoutDto {
  @ApiPropertyOptional({
    description: 'The last refresh token of the session. Not needed with a valid access token.',
    maxLength: 512,
    example: 'prt_AQGav8Jhe3AAobLD1OX2BxgAAAAAnRW6nEzUxJ5l7kQjJm1yYl0u3vJ0dXq2mVh0b8w9Zc4',
  })
  // Not @IsOptional(), which would accept null.
  @ValidateIf(({ refresh_token: token }: LogoutDto) => token !== undefined)
  @IsString()
  @IsNotEmpty()
  @MaxLength(512)
  refresh_token?: string;
}
