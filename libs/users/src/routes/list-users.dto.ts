import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsUUID, Max, Min } from 'class-validator';
import { MAX_PAGE_SIZE } from '../user-list.js';

/** The query of `GET /users`. */
export class ListUsersDto {
  /** The largest number of users to return. */
  @ApiProperty({
    description: 'The largest number of users to return.',
    type: 'integer',
    required: false,
    minimum: 1,
    maximum: MAX_PAGE_SIZE,
    example: 50,
  })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_PAGE_SIZE)
  limit?: number;

  /** The `next` of the former page. */
  @ApiProperty({
    description: 'The `next` of the former page. Leave it out for the first page.',
    required: false,
    format: 'uuid',
    example: '01936d2a-7c1e-7a60-8f3b-2d5f9d1c4e77',
  })
  @IsOptional()
  @IsUUID()
  after?: string;
}
