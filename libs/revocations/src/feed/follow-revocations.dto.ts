import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsNumber, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';

/** The cursor and the waiting time of a poll. */
export class FollowRevocationsDto {
  /** The `cursor` of the previous response. */
  @ApiProperty({
    description: 'The `cursor` of the previous response. A snapshot begins if it is absent or too old.',
    required: false,
    maxLength: 64,
    example: '4711.d5f2a9c1',
  })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  after?: string;

  /** Seconds. */
  @ApiProperty({
    description: 'The maximum time, in seconds, to wait for a revocation before an empty response.',
    required: false,
    minimum: 0,
    maximum: 25,
    default: 0,
    example: 5,
  })
  @IsOptional()
  @Type(() => Number)
  @IsNumber()
  @Min(0)
  @Max(25)
  wait?: number;
}
