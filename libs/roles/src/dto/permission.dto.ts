import { ApiProperty } from '@nestjs/swagger';

/** A permission that a role can have. */
export class PermissionDto {
  @ApiProperty({ description: 'The name, `resource:action`.', example: 'users:read' })
  name!: string;

  @ApiProperty({ description: 'What the permission allows.', example: 'List and read users' })
  description!: string;
}
