import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '../..');

/** The levels of the architecture: a lib imports only libs of a lower level. */
const LEVELS: Readonly<Record<string, number>> = {
  problem: 0,
  'embedded-postgres': 0,
  jws: 0,
  persistence: 1,
  auth: 1,
  tokens: 2,
  users: 2,
  mail: 2,
  limits: 2,
  outbound: 2,
  revocations: 3,
  sessions: 4,
  password: 5,
  roles: 5,
  accounts: 6,
  postern: 8,
};

/** The packages that a service without a database does not install. Neither lib may import them. */
const WITHOUT_DATABASE = ['problem', 'jws', 'auth', 'outbound'];
const MAX_FILE = 250;
const MAX_FILES_IN_FOLDER = 15;
const MAX_SYMBOLS = 40;
const MAX_DEPENDENCIES = 5;

/** The present violations of each bound and their size. An entry may only shrink; delete it when it is gone. */
const ABOVE: Readonly<Record<'folders' | 'symbols' | 'dependencies', Readonly<Record<string, number>>>> = {
  folders: {},
  symbols: { './accounts': 50, './auth': 102, './password': 43, './tokens': 48, './users': 63 },
  dependencies: { StartSession: 6, KeyRotation: 6 },
};

const { exports: subpaths } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: object };

const PRIVATE_MEMBERS = 'docs/adr/008-private-members-of-other-packages.md';

/** Undeclared members of other packages: the name in the ADR, and the pattern in the code. */
const PRIVATE: readonly (readonly [string, RegExp])[] = [
  ['driver.master', /driver as unknown/],
  ['readyForQuery', /client\.readyForQuery/],
  ['connection.stream', /connection\??\.stream/],
  ['_httpMessage', /_httpMessage/],
  ['parser', /socket\.parser/],
  ['requireHostHeader', /requireHostHeader/],
  ["module['container']", /\['container'\]/],
  ['appOptions', /\.appOptions|appOptions\?/],
  ['_verify', /_verifOpts|_secretOrKeyProvider|\b_verify\b/],
];

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s+['"]([^'"]+)['"]/g;

/** The imports that remain when the file runs; the compiler removes types. */
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

/** The exceptions to the rule, each with file and reason. The list is empty if the rule holds. */
function offences(rule: (file: SourceFile) => readonly string[], among: readonly SourceFile[] = sources): string[] {
  return among.flatMap((file) => rule(file).map((reason) => `${file.path}: ${reason}`));
}

/** The modules that are loaded before a file runs: files by their path, packages by their name. */
function loadedBy({ path, text }: SourceFile): string[] {
  return [...text.matchAll(LOADED)]
    .map((match) => match[1]!)
    .map((name) => (name.startsWith('.') ? join(path, '..', name).replace(/\.js$/, '.ts') : name));
}

/** The files that a file imports, by any kind of import. */
function filesIn({ path, imports }: SourceFile): string[] {
  return imports.filter((name) => name.startsWith('.')).map((name) => join(path, '..', name).replace(/\.js$/, '.ts'));
}

/** The values above their bound, and how much they exceed the recorded violation. */
function above(counts: ReadonlyMap<string, number>, bound: number, today: Readonly<Record<string, number>>): string[] {
  const grown = [...counts].filter(([name, count]) => count > (today[name] ?? bound));
  const shrunk = Object.keys(today).filter((name) => (counts.get(name) ?? 0) < today[name]!);
  return [
    ...grown.map(([name, count]) => `${name} has ${count}, ${today[name] ?? bound} are allowed`),
    ...shrunk.map((name) => `${name} has ${counts.get(name) ?? 0}: lower its entry in ABOVE, or delete it`),
  ];
}

function counted(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

describe('the architecture', () => {
  it('the architecture test finds the sources that it checks', () => {
    expect(sources.length).toBeGreaterThan(60);
    const libs = new Set(sources.map(({ path }) => libOf(path)).filter((lib) => lib !== undefined));
    expect(libs).toEqual(new Set([...Object.keys(LEVELS), 'testing']));
  });

  it('a lib imports only libs of a lower level', () => {
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

  it('no published lib imports the testing lib', () => {
    const rule = ({ path, imports }: SourceFile): string[] =>
      libOf(path) === 'testing' ? [] : imports.filter((name) => libNamed(name) === 'testing');
    expect(offences(rule)).toEqual([]);
  });

  it('a lib imports another lib only by its public name: no deep and no relative import', () => {
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

  it('the sources have no import cycle', () => {
    const graph = new Map(sources.map((file) => [file.path, filesIn(file)]));
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

  it('problem, jws, auth, and outbound do not import the database', () => {
    const databases = /^(typeorm|@nestjs\/typeorm|pg|ioredis|@node-rs\/argon2|postern\/persistence)$/;
    const rule = ({ path, imports }: SourceFile): string[] =>
      WITHOUT_DATABASE.includes(libOf(path) ?? '') ? imports.filter((name) => databases.test(name)) : [];
    expect(offences(rule)).toEqual([]);
  });

  it('only src/config/config.ts reads the environment', () => {
    const rule = ({ path, text }: SourceFile): string[] =>
      path !== 'src/config/config.ts' && libOf(path) !== 'testing' && /process\.env|process\[['"]env/.test(text)
        ? ['process.env']
        : [];
    expect(offences(rule)).toEqual([]);
  });

  it('no part of the server is loaded before the environment and the arguments are validated', () => {
    const loaded = new Set(['src/main.ts', 'src/cli/keys.ts', 'src/cli/token.ts', 'src/cli/users.ts']);
    for (const name of loaded) {
      const file = sources.find(({ path }) => path === name);
      if (file) loadedBy(file).forEach((next) => loaded.add(next));
    }
    expect(loaded).toContain('src/config/config.ts');
    const packages = [...loaded].filter((name) => !name.endsWith('.ts') && !name.startsWith('node:'));
    expect(packages.toSorted()).toEqual([
      'postern/cors-settings',
      'postern/jws',
      'postern/persistence/database-url',
      'postern/persistence/redis-url',
      'postern/problem/nearest-name',
      'postern/tokens/issuer-address',
    ]);
  });

  it('each index exports by name only', () => {
    expect(offences(({ text }) => (/^export default\b/m.test(text) ? ['export default'] : []))).toEqual([]);
    expect(offences(({ text }) => (/^export \*/m.test(text) ? ['export *'] : []))).toEqual([]);
  });

  it('the sources use neither forwardRef nor string tokens', () => {
    expect(offences(({ text }) => (/\bforwardRef\s*\(/.test(text) ? ['forwardRef'] : []))).toEqual([]);
    expect(offences(({ text }) => (/@Inject\(\s*['"`]/.test(text) ? ['@Inject of a string'] : []))).toEqual([]);
  });

  it('no file exceeds the maximum length', () => {
    const lines = (text: string): number => text.split('\n').length - 1;
    expect(offences(({ text }) => (lines(text) > MAX_FILE ? [`${lines(text)} lines`] : []))).toEqual([]);
  });

  it('no folder has a vague name', () => {
    const vague = /\/(utils?|helpers?|common|shared|misc|interfaces|constants)(\/|\.ts$)/;
    expect(offences(({ path }) => (vague.test(path) ? ['a name that says nothing'] : []))).toEqual([]);
  });

  it('no folder has more than 15 source files', () => {
    const folders = sources.map(({ path }) => path).filter((path) => /^(src|libs)\//.test(path));
    expect(above(counted(folders.map((path) => dirname(path))), MAX_FILES_IN_FOLDER, ABOVE.folders)).toEqual([]);
  });

  it('no subpath exports more than 40 symbols', () => {
    const entries = Object.entries(subpaths as Record<string, { types?: string }>);
    const counts = entries.flatMap(([subpath, { types }]) => {
      const path = types?.replace('./dist/', '').replace('.d.ts', '.ts');
      const text = files.find((file) => file.path === path)?.text;
      if (text === undefined) return [];
      const lists = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)];
      return [
        [subpath, lists.flatMap(([, list]) => list!.split(',').filter((name) => name.trim() !== '')).length] as const,
      ];
    });
    expect(counts.length).toBeGreaterThan(10);
    expect(above(new Map(counts), MAX_SYMBOLS, ABOVE.symbols)).toEqual([]);
  });

  it('no class has more than 5 injected dependencies', () => {
    const injected = sources.flatMap(({ path, text }) => {
      const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
      return source.statements
        .filter((statement) => ts.isClassDeclaration(statement))
        .filter((statement) => (ts.getDecorators(statement)?.length ?? 0) > 0)
        .map((statement) => {
          const parameters = statement.members.find((member) => ts.isConstructorDeclaration(member))?.parameters;
          return [statement.name?.text ?? path, parameters?.length ?? 0] as const;
        });
    });
    expect(injected.length).toBeGreaterThan(40);
    expect(above(new Map(injected), MAX_DEPENDENCIES, ABOVE.dependencies)).toEqual([]);
  });

  it('the sources have one style: no braces after @throws, each @example in a fence, "#" members for secrets alone', () => {
    const holdsSecrets = /(instance-secret|test-issuer)\.ts$/;
    expect(offences(({ text }) => text.match(/@throws \{[^}]*\}/g) ?? [])).toEqual([]);
    expect(
      offences(({ path, text }) =>
        /\.(dto|entity)\.ts$/.test(path) ? [] : (text.match(/\* @example(?!\s*\n\s*\* ```)/g) ?? []),
      ),
    ).toEqual([]);
    expect(
      offences(({ path, text }) =>
        holdsSecrets.test(path) ? [] : (text.replaceAll(/\/\*[^]*?\*\//g, '').match(/this\.#\w+/g) ?? []),
      ),
    ).toEqual([]);
    expect(
      offences(({ text }) => text.match(/\b(LEAST|MOST|FEWEST|SHORTEST|LONGEST|MAXIMUM|MINIMUM)_[A-Z]\w+/g) ?? []),
    ).toEqual([]);
  });

  it('a private member of another package is used only if the ADR on them names the file and a test', () => {
    const page = readFileSync(join(root, PRIVATE_MEMBERS), 'utf8');
    const rows = [...page.matchAll(/^\| `([^`]+)` +\|[^|]+\| `([^`]+)` +\|[^|]+\| `([^`]+)` +\|$/gm)];
    expect(rows.length).toBeGreaterThan(0);
    const missing = rows.flatMap(([, , path, spec]) => [path!, spec!]).filter((path) => !existsSync(join(root, path)));
    expect(missing).toEqual([]);
    const listed = new Set(rows.map(([, member, path]) => `${path}: ${member}`));
    const used = new Set(
      offences(({ text }) => PRIVATE.filter(([, shows]) => shows.test(text)).map(([member]) => member)),
    );
    expect([...used].filter((use) => !listed.has(use))).toEqual([]);
    expect([...listed].filter((use) => !used.has(use))).toEqual([]);
  });
});
