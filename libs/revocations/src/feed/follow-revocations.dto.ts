import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsNumber, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';

/** Where to go on, and how long to wait, for those who ask again and again. */
export class FollowRevocationsDto {
  /** The `cursor` of the answer before. */
  @ApiProperty({
    description: 'The `cursor` of the answer before. Without it, or with one that is too old, a snapshot begins.',
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
    description: 'For how many seconds to wait for something new before the answer is empty.',
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
