import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { developmentSecret } from './development-secret.js';

describe('developmentSecret', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'postern-secret-'))));
  afterEach(() => rm(folder, { recursive: true }));

  it('returns the same secret to all servers that start at the same time', async () => {
    const data = join(folder, 'data');
    const secrets = await Promise.all(Array.from({ length: 20 }, () => developmentSecret(data)));
    expect(new Set(secrets).size).toBe(1);
    expect(Buffer.from(secrets[0]!, 'base64')).toHaveLength(48);
    expect(await readdir(data)).toEqual(['secret']);
    expect((await stat(join(data, 'secret'))).mode & 0o777).toBe(0o600);
  });

  it('reads an existing secret without writing to the folder', async () => {
    const secret = await developmentSecret(folder);
    const { mtimeMs } = await stat(folder);
    expect(await developmentSecret(folder)).toBe(secret);
    expect((await stat(folder)).mtimeMs).toBe(mtimeMs);
  });
});
