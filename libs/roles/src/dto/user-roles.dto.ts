import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsString, MaxLength } from 'class-validator';

const MAX_ROLES = 50;

/** The roles of a user. */
export class UserRolesDto {
  /** The names of all roles of the user. */
  @ApiProperty({ type: [String], maxItems: MAX_ROLES, example: ['auditor'] })
  @IsArray()
  @ArrayMaxSize(MAX_ROLES)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  roles!: string[];
}
