import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const pages = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)))
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

const employee = './package/team/employee.entity.js';
const migration = './package/team/add-cost-centre.migration.js';

/** What a reader of the README has beside its lines: the imports, and classes and values of their own. */
const READERS_OWN: Readonly<Record<string, string>> = {
  nest: `import { Controller, Get, Module } from '@nestjs/common';`,
  typeorm: `import { Column, Entity } from 'typeorm';`,
  validator: `import { Matches } from 'class-validator';`,
  files: `import { readFile } from 'node:fs/promises';`,
  postern: `import { PosternModule } from 'postern';`,
  problem: `import { ProblemModule } from 'postern/problem';`,
  persistence: `import { PersistenceModule } from 'postern/persistence';`,
  auth: `import { AuthModule, CurrentPrincipal, type Principal, RequireScopes } from 'postern/auth';`,
  tokens: `import { KeyRing, TokensModule } from 'postern/tokens';`,
  users: `import { UserBase, UserField, UsersModule } from 'postern/users';`,
  sessions: `import { LoginPolicy, RevocationLog, SessionsModule, StoredRevocations } from 'postern/sessions';`,
  password: `import { PasswordConfirmation, PasswordModule } from 'postern/password';`,
  accounts: `import { AccountsModule, Mailer } from 'postern/accounts';`,
  Employee: `import { Employee } from '${employee}';`,
  AddCostCentre: `import { AddCostCentre1764100000000 } from '${migration}';`,
  OfficeHoursPolicy: 'class OfficeHoursPolicy extends LoginPolicy { async check(): Promise<void> {} }',
  SmtpMailer: 'class SmtpMailer extends Mailer { async send(): Promise<void> {} }',
  settings: 'declare const issuer: string, audience: string, secret: string, databaseUrl: string;',
};

function programsOfReadme(): string[] {
  return [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block]) => {
    const own = Object.entries(READERS_OWN).filter(([name]) => !new RegExp(`class ${name}\\b`).test(block!));
    return `${own.map(([, line]) => line).join('\n')}\n${block!.replaceAll('…', '')}`;
  });
}

/** The compiler's complaints, with the settings of this project, as if the sources lay beside this file. */
function complaintsAbout(sources: readonly string[]): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const files = new Map(sources.map((text, index) => [join(import.meta.dirname, `readme-${index + 1}.ts`), text]));
  const real = ts.createCompilerHost({ ...options, incremental: false });
  const host: ts.CompilerHost = {
    ...real,
    fileExists: (path) => files.has(path) || real.fileExists(path),
    readFile: (path) => files.get(path) ?? real.readFile(path),
    getSourceFile: (path, language, ...rest) => {
      const text = files.get(path);
      return text === undefined
        ? real.getSourceFile(path, language, ...rest)
        : ts.createSourceFile(path, text, language);
    },
  };
  const program = ts.createProgram([...files.keys()], { ...options, incremental: false, noEmit: true }, host);
  return [...files.keys()].flatMap((path) => {
    const file = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ messageText }) => `${path.slice(root.length + 1)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
  });
}

describe('the documentation', () => {
  it('shows code that compiles in the README', () => {
    const programs = programsOfReadme();
    expect(programs.length).toBeGreaterThanOrEqual(3);
    expect(complaintsAbout(programs)).toEqual([]);
  });

  it('notices code that does not compile', () => {
    expect(complaintsAbout([`${READERS_OWN.auth}\nAuthModule.forRoot({ isuer: 'x', audience: 'y' });`])).toHaveLength(
      1,
    );
  });

  it('links to files that exist', () => {
    const links = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)/g)].map((match) => ({ path, target: match[1]! })),
    );
    expect(links.length).toBeGreaterThan(10);
    const dead = links.filter(({ path, target }) => !existsSync(join(root, dirname(path), target)));
    expect(dead).toEqual([]);
  });

  it('names commands of npm that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    const named = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/npm (?:run ([\w:]+)|(start|test)\b)/g)].map((match) => ({
        path,
        script: (match[1] ?? match[2])!,
      })),
    );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter(({ script }) => !(script in scripts))).toEqual([]);
  });
});
