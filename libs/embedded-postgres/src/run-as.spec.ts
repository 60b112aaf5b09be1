import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canReach, chooseRunAs } from './run-as.js';

const line = (name: string, id: number) => `${name}:x:${id}:${id + 1}::/home:/bin/sh\n`;
const root = line('root', 0);

describe('chooseRunAs', () => {
  const nowhere = join(tmpdir(), 'postern-no-such-folder');

  it('an ordinary user runs PostgreSQL as the same user', () => {
    expect(chooseRunAs(nowhere, root, 1000)).toEqual({ name: 'this user' });
  });

  it('root runs PostgreSQL as the first existing user of postgres, node, then the unprivileged user', () => {
    const all = root + line('nobody', 65534) + line('node', 1000) + line('postgres', 101);
    expect(chooseRunAs(nowhere, all, 0)).toEqual({ name: 'postgres', uid: 101, gid: 102 });
    const some = root + line('nobody', 65534) + line('node', 1000);
    expect(chooseRunAs(nowhere, some, 0)).toEqual({ name: 'node', uid: 1000, gid: 1001 });
    expect(chooseRunAs(nowhere, root + line('nobody', 65534), 0)).toMatchObject({ name: 'nobody' });
  });

  it('root gets an error with a remedy if none of these users exists', () => {
    expect(() => chooseRunAs(nowhere, root, 0)).toThrow(/ordinary user, or set DATABASE_URL/);
  });

  it('a user gets an error if the data belong to another ordinary user', () => {
    const own = mkdtempSync(join(tmpdir(), 'postern-'));
    const stranger = statSync(own).uid + 1;
    expect(() => chooseRunAs(own, root, stranger)).toThrow('belong to the user with id');
    rmSync(own, { recursive: true });
  });
});

describe('canReach', () => {
  it('canReach checks the mode bits of every parent folder', () => {
    const parent = realpathSync(mkdtempSync(join(tmpdir(), 'postern-')));
    const child = join(parent, 'child');
    mkdirSync(child, { mode: 0o755 });
    const stranger = { uid: 54321, gid: 54321, name: 'stranger' };
    const owner = { ...stranger, uid: statSync(parent).uid };
    chmodSync(parent, 0o700);
    expect([canReach(child, stranger), canReach(child, owner)]).toEqual([false, true]);
    chmodSync(parent, 0o711);
    expect(canReach(child, stranger)).toBe(true);
    rmSync(parent, { recursive: true });
  });
});
