import { Injectable } from '@nestjs/common';
import { RevocationPublisher } from 'postern/auth';
import { Database } from 'postern/persistence';
import { Role } from './role.entity.js';

/** Later than any token: the permissions of an existing role never expire. */
const NEVER_SECONDS = 253_402_300_799;

/** Sends the permissions of roles to every verifier by the feed of revocations, in the current transaction. */
@Injectable()
export class RolePublisher {
  constructor(
    private readonly database: Database,
    private readonly revocations: RevocationPublisher,
  ) {}

  /** The role has these permissions from the commit on. */
  async publish(role: string, permissions: readonly string[]): Promise<void> {
    const version = await this.nextVersion();
    await this.database.manager.update(Role, { name: role }, { version });
    await this.revocations.publish({
      kind: 'role-permissions',
      target: role,
      permissions,
      version,
      reason: 'role-changed',
      expiresAt: NEVER_SECONDS,
    });
  }

  /** The role ends with the commit. Verifiers forget it when the last token that names it has expired. */
  async publishEnd(role: string): Promise<void> {
    const version = await this.nextVersion();
    await this.revocations.publish({ kind: 'role-permissions', target: role, version, reason: 'role-deleted' });
  }

  /** A verifier ignores an older version, because entries may reach it in another order. */
  private async nextVersion(): Promise<number> {
    const [row] = await this.database.manager.query<{ version: number }[]>(
      `SELECT nextval('role_versions')::integer AS version`,
    );
    return row!.version;
  }
}
