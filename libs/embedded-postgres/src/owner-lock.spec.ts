import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OwnerLock } from './owner-lock.js';
import { identityOf } from './process-table.js';

describe('OwnerLock', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'postern-lock-'))));
  afterEach(() => rm(folder, { recursive: true }));

  const claim = (owner: unknown) => writeFile(join(folder, 'owner.7.json'), JSON.stringify(owner));

  it('a folder has one owner at a time, and the next one after a release', async () => {
    const lock = await OwnerLock.take(folder);
    await expect(OwnerLock.take(folder)).rejects.toThrow(`in use by the process ${process.pid}`);
    await lock.release();
    await (await OwnerLock.take(folder)).release();
    expect(await readdir(folder)).toEqual(['owner.2.json']);
  });

  it('one of many processes takes over the claim of a dead process', async () => {
    await claim({ pid: process.pid, identity: 'before-the-reboot', socketFolder: '/tmp/postern-abcdef' });
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => OwnerLock.take(folder)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['owner.8.json']);
  });

  it('the next owner learns the socket folder of the dead owner', async () => {
    await claim({ pid: 2 ** 22 + 1, identity: 'gone', socketFolder: '/tmp/postern-abcdef' });
    expect((await OwnerLock.take(folder)).leftSocketFolder).toBe('/tmp/postern-abcdef');
  });

  it('a process takes over a claim that was only partly written', async () => {
    await writeFile(join(folder, 'owner.7.json'), '{"pid":');
    await expect(OwnerLock.take(folder)).resolves.toBeDefined();
  });

  it('the identity of a process differs from that of another process with the same id', () => {
    expect(identityOf(process.pid)).toBe(identityOf(process.pid));
    expect(identityOf(process.pid)).not.toBe(identityOf(1));
    expect(identityOf(2 ** 22 + 1)).toBeUndefined();
  });
});
