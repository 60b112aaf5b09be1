import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { ALL_PERMISSIONS, isDefinedPermission } from 'postern/auth';
import { Database } from 'postern/persistence';
import { ADMINISTRATOR, isRoleName } from './role-name.js';
import { MAX_PERMISSIONS, RoleGraph } from './role-graph.js';
import { RolePublisher } from './role-publisher.js';
import { Role } from './role.entity.js';
import { ROLES_SETTINGS, SETTINGS } from './roles.module-definition.js';
import type { RolesSettings } from './roles.module-definition.js';
import type { RoleDefinition } from './roles.service.js';

const MAX_DESCRIPTION_LENGTH = 255;

/** Creates the role `administrator` and the roles of the settings at the start, if they do not exist. */
@Injectable()
export class ShippedRoles implements OnModuleInit {
  constructor(
    @Inject(ROLES_SETTINGS) private readonly settings: RolesSettings,
    private readonly database: Database,
    private readonly publisher: RolePublisher,
  ) {}

  /** @throws Error that names the setting and says what to write */
  async onModuleInit(): Promise<void> {
    const { roles } = SETTINGS.read(this.settings);
    for (const [index, role] of roles.entries()) assertValid(role, index, roles);
    await this.database.transaction(async () => {
      await this.create([
        { name: ADMINISTRATOR, description: 'Has every permission', permissions: [ALL_PERMISSIONS], isSystem: true },
      ]);
      // Replicas that start at the same time come here one after the other.
      await this.database.manager.query('SELECT FROM roles WHERE name = $1 FOR UPDATE', [ADMINISTRATOR]);
      await this.create(roles);
      await this.publishMissing();
    });
  }

  private async create(roles: readonly (RoleDefinition & { isSystem?: boolean })[]): Promise<void> {
    for (const { name, description, permissions, includes = [], isSystem = false } of roles) {
      await this.database.manager.query(
        `INSERT INTO roles (name, description, permissions, includes, is_system) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING`,
        [name, description, JSON.stringify(permissions), JSON.stringify(includes), isSystem],
      );
    }
  }

  /** Publishes the permissions of each role whose entry the feed does not have, such as a role that is new. */
  private async publishMissing(): Promise<void> {
    const missing = await this.database.manager.query<{ name: string }[]>(
      `SELECT name FROM roles o WHERE NOT EXISTS (SELECT FROM revocations r
         WHERE r.kind = 'role-permissions' AND r.target = o.name AND r.version = o.version)`,
    );
    if (missing.length === 0) return;
    const graph = new RoleGraph(await this.database.manager.find(Role));
    for (const { name } of missing) await this.publisher.publish(name, graph.permissionsOf(name));
  }
}

function assertValid(role: RoleDefinition, index: number, roles: readonly RoleDefinition[]): void {
  const { name, description, permissions, includes = [] } = role;
  const place = `RolesModule: roles[${index}]`;
  if (!isRoleName(name)) {
    throw new Error(`${place}.name must be 1 to 64 lower-case letters, digits, and hyphens, such as "auditor".`);
  }
  if (name === ADMINISTRATOR)
    throw new Error(`${place}: Postern itself creates the role "${ADMINISTRATOR}". Remove it.`);
  if (typeof description !== 'string' || description === '' || description.length > MAX_DESCRIPTION_LENGTH) {
    throw new Error(`${place}.description must be a text of 1 to ${MAX_DESCRIPTION_LENGTH} characters.`);
  }
  const undefinedOne = permissions.find((permission) => !isDefinedPermission(permission));
  if (undefinedOne !== undefined) {
    throw new Error(
      `${place} has the permission "${undefinedOne}", which no module defines. Write definePermissions({ ` +
        `'${undefinedOne}': 'what it allows' }), or correct the name.`,
    );
  }
  const missing = includes.find((included) => !roles.some((other) => other.name === included));
  if (missing !== undefined) throw new Error(`${place} includes "${missing}", which is not one of "roles".`);
  const graph = new RoleGraph(roles.map((other) => ({ ...other, includes: other.includes ?? [] })));
  const cycle = graph.cycleOf(name);
  if (cycle === undefined && graph.permissionsOf(name).length > MAX_PERMISSIONS) {
    throw new Error(`${place} has more than ${MAX_PERMISSIONS} permissions. Divide it into several roles.`);
  }
  if (cycle !== undefined) throw new Error(`${place} includes itself through "${cycle}". Remove one of both.`);
}
