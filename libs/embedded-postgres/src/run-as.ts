import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres.errors.js';

/** The user under whom PostgreSQL runs; without `uid` it is the one who starts it. */
export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
  readonly name: string;
}

/**
 * Chooses the user: PostgreSQL refuses root, so root hands it to the owner of the data, else to the first of `postgres`,
 * `node` and `nobody` that this machine knows.
 *
 * @param cluster the folder of the data, which need not exist yet
 * @throws EmbeddedPostgresError when the data belong to somebody else, or root finds nobody to hand it to
 */
export function chooseRunAs(cluster: string, passwd = readPasswd(), self = process.getuid?.() ?? -1): RunAs {
  const owner = statSync(cluster, { throwIfNoEntry: false });
  if (self !== 0) {
    if (owner && owner.uid !== self) {
      throw new EmbeddedPostgresError(
        `The data in ${cluster} belong to the user with id ${owner.uid}: start the server as that user, or give it another folder.`,
      );
    }
    return { name: 'this user' };
  }
  const known = usersOf(passwd);
  if (owner && owner.uid !== 0) {
    const name = [...known].find(([, { uid }]) => uid === owner.uid)?.[0] ?? `the user with id ${owner.uid}`;
    return { uid: owner.uid, gid: owner.gid, name };
  }
  for (const name of ['postgres', 'node', 'nobody']) {
    const user = known.get(name);
    if (user) return { ...user, name };
  }
  throw new EmbeddedPostgresError(
    'PostgreSQL does not run as root, and this machine knows none of the users postgres, node and nobody: start the server as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own.',
  );
}

/** Whether that user may pass through every folder down to this one, by the mode bits. */
export function canReach(folder: string, { uid, gid }: RunAs): boolean {
  if (uid === undefined) return true;
  for (let path = folder; ; path = dirname(path)) {
    const stat = statSync(path);
    const bit = stat.uid === uid ? 0o100 : stat.gid === gid ? 0o010 : 0o001;
    if ((stat.mode & bit) === 0) return false;
    if (path === dirname(path)) return true;
  }
}

function usersOf(passwd: string): Map<string, { uid: number; gid: number }> {
  const users = new Map<string, { uid: number; gid: number }>();
  for (const line of passwd.split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name && Number(uid) > 0) users.set(name, { uid: Number(uid), gid: Number(gid) });
  }
  return users;
}

function readPasswd(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    return '';
  }
}
