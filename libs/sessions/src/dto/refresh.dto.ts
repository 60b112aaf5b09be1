import { ApiProperty } from '@nestjs/swagger';
import { IsNotEmpty, IsString, MaxLength } from 'class-validator';

/** A refresh token to exchange for its successor. */
export class RefreshDto {
  @ApiProperty({
    description: 'The refresh token of the last token response.',
    maxLength: 512,
    example: 'prt_AQGav8Jhe3AAobLD1OX2BxgAAAAAnRW6nEzUxJ5l7kQjJm1yYl0u3vJ0dXq2mVh0b8w9Zc4',
  })
  @IsString()
  @IsNotEmpty()
  @MaxLength(512)
  refresh_token!: string;
}
