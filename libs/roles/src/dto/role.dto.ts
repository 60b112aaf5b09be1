import { ApiProperty } from '@nestjs/swagger';
import type { RoleWithPermissions } from '../roles.service.js';

/** A role, as administrators see it. */
export class RoleDto {
  @ApiProperty({ description: 'The name, which tokens contain.', example: 'auditor' })
  name!: string;

  @ApiProperty({ description: 'The purpose of the role.', example: 'Reads all users' })
  description!: string;

  @ApiProperty({
    description: 'The own permissions of the role. `*` means every permission.',
    type: [String],
    example: ['users:read'],
  })
  permissions!: string[];

  @ApiProperty({
    description: 'The roles whose permissions this role has as well.',
    type: [String],
    example: [],
  })
  includes!: string[];

  @ApiProperty({
    description: 'Every permission that the role has, also through the roles that it includes.',
    type: [String],
    example: ['users:read'],
  })
  effectivePermissions!: readonly string[];

  @ApiProperty({ description: 'Whether nobody can change or delete the role.', example: false })
  isSystem!: boolean;

  @ApiProperty({ description: 'When the role was created.', format: 'date-time', example: '2026-11-23T08:15:00.000Z' })
  createdAt!: string;

  @ApiProperty({ description: 'When the role last changed.', format: 'date-time', example: '2026-11-23T08:15:00.000Z' })
  updatedAt!: string;

  static from(role: RoleWithPermissions): RoleDto {
    const { name, description, permissions, includes, effectivePermissions, isSystem } = role;
    return Object.assign(new RoleDto(), {
      name,
      description,
      permissions,
      includes,
      effectivePermissions,
      isSystem,
      createdAt: role.createdAt.toISOString(),
      updatedAt: role.updatedAt.toISOString(),
    });
  }
}
