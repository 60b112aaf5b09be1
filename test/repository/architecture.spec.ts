import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** The table of the architecture: a lib imports only libs of a lower level. */
const LEVELS: Readonly<Record<string, number>> = {
  problem: 0,
  'embedded-postgres': 0,
  jws: 0,
  persistence: 1,
  auth: 1,
  tokens: 2,
  users: 2,
  revocations: 3,
  sessions: 4,
  password: 5,
  accounts: 6,
  postern: 8,
};

/** What a service without a database installs: neither may know of one. */
const WITHOUT_DATABASE = ['problem', 'jws', 'auth'];
const MAX_FILE = 250;
const { exports: subpaths } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: object };

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s+['"]([^'"]+)['"]/g;

/** Types vanish when compiled: only what is loaded can make a circle. */
const LOADED = /(?:^|\n)(?:import|export)\s+(?!type\b)[^;'"]*?from\s+['"]([^'"]+)['"]/g;

const files: readonly SourceFile[] = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)))
  .map((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    return { path, text, imports: [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3]!) };
  });

const isTest = (path: string): boolean => /\.(e2e-)?spec\.ts$/.test(path) || /^(test|bench)\//.test(path);
const sources = files.filter(({ path }) => !isTest(path));
const libOf = (path: string): string | undefined => /^libs\/([^/]+)\//.exec(path)?.[1];
const libNamed = (specifier: string): string | undefined =>
  specifier === 'postern' ? 'postern' : /^postern\/([^/]+)/.exec(specifier)?.[1];

/** Where the rule holds the list is empty; where it does not, it says file and reason. */
function offences(rule: (file: SourceFile) => readonly string[], among: readonly SourceFile[] = sources): string[] {
  return among.flatMap((file) => rule(file).map((reason) => `${file.path}: ${reason}`));
}

/** What is loaded before a file runs: files by their path, packages by their name. */
function loadedBy({ path, text }: SourceFile): string[] {
  return [...text.matchAll(LOADED)]
    .map((match) => match[1]!)
    .map((name) => (name.startsWith('.') ? join(path, '..', name).replace(/\.js$/, '.ts') : name));
}

describe('the architecture', () => {
  it('sees the sources it speaks of', () => {
    expect(sources.length).toBeGreaterThan(60);
    const libs = new Set(sources.map(({ path }) => libOf(path)).filter((lib) => lib !== undefined));
    expect(libs).toEqual(new Set([...Object.keys(LEVELS), 'testing']));
  });

  it('lets a lib import only libs of a lower level', () => {
    const rule = ({ path, imports }: SourceFile): string[] => {
      const lib = libOf(path);
      if (lib === undefined || lib === 'testing') return [];
      return imports
        .map(libNamed)
        .filter((target) => target !== undefined)
        .filter((target) => !(target in LEVELS && LEVELS[target]! < LEVELS[lib]!))
        .map((target) => `${lib} may not import ${target}`);
    };
    expect(offences(rule)).toEqual([]);
  });

  it('lets nothing that ships import the testing lib', () => {
    const rule = ({ path, imports }: SourceFile): string[] =>
      libOf(path) === 'testing' ? [] : imports.filter((name) => libNamed(name) === 'testing');
    expect(offences(rule)).toEqual([]);
  });

  it('crosses no border but by the public name: no deep and no relative import of another lib', () => {
    const rule = ({ path, imports }: SourceFile): string[] => {
      const lib = libOf(path);
      const home = lib === undefined ? 'src/' : `libs/${lib}/`;
      return imports.filter(
        (name) =>
          (name.startsWith('postern/') && !(name.replace('postern', '.') in subpaths)) ||
          (name.startsWith('.') && !join(path, '..', name).startsWith(home)),
      );
    };
    expect(
      offences(
        rule,
        files.filter(({ path }) => /^(src|libs)\//.test(path)),
      ),
    ).toEqual([]);
  });

  it('knows no import cycle', () => {
    const graph = new Map(sources.map((file) => [file.path, loadedBy(file).filter((name) => name.endsWith('.ts'))]));
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      if (done.has(path) || trail.includes(path)) return;
      for (const next of graph.get(path) ?? []) walk(next, [...trail, path]);
      done.add(path);
    };
    for (const path of graph.keys()) walk(path, []);
    expect(circles).toEqual([]);
  });

  it('keeps the database out of problem, jws, and auth', () => {
    const databases = /^(typeorm|@nestjs\/typeorm|pg|ioredis|@node-rs\/argon2|postern\/persistence)$/;
    const rule = ({ path, imports }: SourceFile): string[] =>
      WITHOUT_DATABASE.includes(libOf(path) ?? '') ? imports.filter((name) => databases.test(name)) : [];
    expect(offences(rule)).toEqual([]);
  });

  it('reads the environment in src/config/config.ts alone', () => {
    const rule = ({ path, text }: SourceFile): string[] =>
      path !== 'src/config/config.ts' && libOf(path) !== 'testing' && /process\.env|process\[['"]env/.test(text)
        ? ['process.env']
        : [];
    expect(offences(rule)).toEqual([]);
  });

  it('loads no part of the server before the environment and the arguments are found sound', () => {
    const loaded = new Set(['src/main.ts', 'src/cli/keys.ts', 'src/cli/token.ts']);
    for (const name of loaded) {
      const file = sources.find(({ path }) => path === name);
      if (file) loadedBy(file).forEach((next) => loaded.add(next));
    }
    expect(loaded).toContain('src/config/config.ts');
    const packages = [...loaded].filter((name) => !name.endsWith('.ts') && !name.startsWith('node:'));
    expect(packages.toSorted()).toEqual([
      'postern/jws',
      'postern/persistence/database-url',
      'postern/tokens/issuer-address',
    ]);
  });

  it('exports by name only, and says in each index what is public', () => {
    expect(offences(({ text }) => (/^export default\b/m.test(text) ? ['export default'] : []))).toEqual([]);
    expect(offences(({ text }) => (/^export \*/m.test(text) ? ['export *'] : []))).toEqual([]);
  });

  it('ties nothing with forwardRef and passes no string tokens', () => {
    expect(offences(({ text }) => (/\bforwardRef\s*\(/.test(text) ? ['forwardRef'] : []))).toEqual([]);
    expect(offences(({ text }) => (/@Inject\(\s*['"`]/.test(text) ? ['@Inject of a string'] : []))).toEqual([]);
  });

  it('keeps every file short enough for one sitting', () => {
    const lines = (text: string): number => text.split('\n').length - 1;
    expect(offences(({ text }) => (lines(text) > MAX_FILE ? [`${lines(text)} lines`] : []))).toEqual([]);
  });

  it('has no room whose name does not say what it holds', () => {
    const vague = /\/(utils?|helpers?|common|shared|misc|interfaces|constants)(\/|\.ts$)/;
    expect(offences(({ path }) => (vague.test(path) ? ['a name that says nothing'] : []))).toEqual([]);
  });
});
