import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsUUID, Max, Min } from 'class-validator';
import { MAX_SESSIONS_PAGE_SIZE } from '../administration/session-list.js';

/** The query of a list of sessions. */
export class ListSessionsDto {
  /** The largest number of sessions to return. */
  @ApiProperty({
    description: 'The largest number of sessions to return.',
    type: 'integer',
    required: false,
    minimum: 1,
    maximum: MAX_SESSIONS_PAGE_SIZE,
    example: 50,
  })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_SESSIONS_PAGE_SIZE)
  limit?: number;

  /** The `next` of the former page. */
  @ApiProperty({
    description: 'The `next` of the former page. Leave it out for the first page.',
    required: false,
    format: 'uuid',
    example: '019abfc2-617b-7000-a1b2-c3d4e5f60718',
  })
  @IsOptional()
  @IsUUID()
  after?: string;
}
