import { ApiProperty, OmitType, PartialType } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsOptional, IsString, Length, Matches, MaxLength } from 'class-validator';
import { ROLE_NAME } from '../role-name.js';

const MAX_LIST = 500;
const MAX_INCLUDES = 50;

/** The request body of `POST /roles`. */
export class CreateRoleDto {
  /** The name, which tokens contain: lower-case letters, digits, and hyphens. */
  @ApiProperty({ pattern: ROLE_NAME.source, maxLength: 64, example: 'auditor' })
  @IsString()
  @Matches(ROLE_NAME, { message: 'must be 1 to 64 lower-case letters, digits, and hyphens' })
  name!: string;

  /** The purpose of the role. */
  @ApiProperty({ minLength: 1, maxLength: 255, example: 'Reads all users' })
  @IsString()
  @Length(1, 255)
  description!: string;

  /** The own permissions of the role. */
  @ApiProperty({ type: [String], maxItems: MAX_LIST, example: ['users:read'] })
  @IsArray()
  @ArrayMaxSize(MAX_LIST)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  permissions!: string[];

  /** The roles whose permissions the role has as well. */
  @ApiProperty({ required: false, type: [String], maxItems: MAX_INCLUDES, example: [] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_INCLUDES)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  includes?: string[];
}

/** The request body of `PATCH /roles/{name}`. */
export class UpdateRoleDto extends PartialType(OmitType(CreateRoleDto, ['name'])) {}
