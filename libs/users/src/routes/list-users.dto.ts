import { ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { IsBoolean, IsIn, IsInt, IsOptional, IsString, Length, Max, MaxLength, Min } from 'class-validator';
import { USER_SORTS } from '../directory/list-cursor.js';
import type { UserSort } from '../directory/list-cursor.js';
import { MAX_PAGE_SIZE } from '../directory/user-list.js';

const MAX_CURSOR_LENGTH = 1024;
const MAX_PREFIX_LENGTH = 254;
const MAX_ROLE_LENGTH = 64;

/** The page size of a list without `limit`. */
export const DEFAULT_PAGE_SIZE = 50;

/** `true` and `false` only: `1`, `yes`, and an empty text are rejected. */
const AsBoolean = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value));

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
    description: 'The `next` of the former page, with the same `sort`. Leave it out for the first page.',
    required: false,
    maxLength: MAX_CURSOR_LENGTH,
    example: 'WyJjcmVhdGVkQXQiLCIwMTkzNmQyYS03YzFlLTdhNjAtOGYzYi0yZDVmOWQxYzRlNzciXQ',
  })
  @IsOptional()
  @IsString()
  @Length(1, MAX_CURSOR_LENGTH)
  after?: string;

  /** The order. */
  @ApiProperty({
    description: 'The order. `-` is descending.',
    required: false,
    enum: USER_SORTS,
    default: 'createdAt',
    example: '-createdAt',
  })
  @IsOptional()
  @IsIn(USER_SORTS)
  sort?: UserSort;

  /** The beginning of the e-mail address. */
  @ApiProperty({
    description: 'Only users whose e-mail address begins with this text.',
    required: false,
    minLength: 1,
    maxLength: MAX_PREFIX_LENGTH,
    example: 'ada',
  })
  @IsOptional()
  @IsString()
  @Length(1, MAX_PREFIX_LENGTH)
  emailPrefix?: string;

  /** A role. */
  @ApiProperty({
    description: 'Only users with this role.',
    required: false,
    maxLength: MAX_ROLE_LENGTH,
    example: 'administrator',
  })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_ROLE_LENGTH)
  role?: string;

  /** Whether the users are disabled. */
  @ApiProperty({
    description: '`true`: only disabled users. `false`: only the others.',
    type: 'boolean',
    required: false,
    example: false,
  })
  @IsOptional()
  @AsBoolean()
  @IsBoolean()
  disabled?: boolean;

  /** Whether the e-mail addresses are verified. */
  @ApiProperty({
    description: '`true`: only users with a verified e-mail address. `false`: only the others.',
    type: 'boolean',
    required: false,
    example: true,
  })
  @IsOptional()
  @AsBoolean()
  @IsBoolean()
  verified?: boolean;
}
