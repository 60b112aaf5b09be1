import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres.errors.js';

const CANDIDATES = ['postgres', 'node', 'nobody'];

/** The user that PostgreSQL runs as. Without `uid` it is the user of this process. */
export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
  readonly name: string;
}

/**
 * Chooses the user. PostgreSQL does not run as root, so root uses the owner of the data. If the data do not exist, root
 * uses the first of the users in `CANDIDATES` that `/etc/passwd` contains.
 *
 * @param cluster the data folder, which may not exist yet
 * @throws EmbeddedPostgresError when the data belong to another user, or no candidate exists
 */
export function chooseRunAs(cluster: string, passwd = readPasswd(), self = process.getuid?.() ?? -1): RunAs {
  const owner = statSync(cluster, { throwIfNoEntry: false });
  if (self !== 0) {
    if (owner && owner.uid !== self) {
      throw new EmbeddedPostgresError(
        `The data in ${cluster} belong to the user with id ${owner.uid}: start the server as that user, or configure another folder.`,
      );
    }
    return { name: 'this user' };
  }
  const users = usersOf(passwd);
  if (owner && owner.uid !== 0) {
    const name = [...users].find(([, { uid }]) => uid === owner.uid)?.[0] ?? `the user with id ${owner.uid}`;
    return { uid: owner.uid, gid: owner.gid, name };
  }
  for (const name of CANDIDATES) {
    const user = users.get(name);
    if (user) return { ...user, name };
  }
  throw new EmbeddedPostgresError(
    `PostgreSQL does not run as root, and none of the users ${CANDIDATES.join(', ')} exists: start the server as an ordinary user, or set DATABASE_URL to your own PostgreSQL.`,
  );
}

/** Whether the mode bits allow the user to enter the folder and all its parents. */
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
