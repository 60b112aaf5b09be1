import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '../..');
const pages = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)))
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

const links = pages.flatMap(({ path, text }) =>
  [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)/g)].map((match) => ({ path, target: match[1]! })),
);

/** The pages whose code is compiled. */
const WITH_CODE = [
  'README.md',
  ...pages.map(({ path }) => path).filter((path) => path.startsWith('docs/guides/')),
  'docs/revocation.md',
  ...['jws', 'auth', 'outbound', 'users', 'mail', 'password', 'accounts', 'testing'].map(
    (lib) => `libs/${lib}/README.md`,
  ),
];

const employee = '../package/team/employee.entity.js';
const migration = '../package/team/add-cost-centre.migration.js';

/** The surroundings of the README's code: imports, and classes and values of the reader. */
const READERS_OWN: Readonly<Record<string, string>> = {
  nest: `import {
    Controller, type ExecutionContext, Get, Injectable, type MessageEvent, Module, Sse, StreamableFile, UseGuards,
  } from '@nestjs/common';`,
  node: `import { createReadStream } from 'node:fs'; `,
  rxjs: `import { interval, map, type Observable } from 'rxjs';`,
  ArgumentsHost: `import type { ArgumentsHost } from '@nestjs/common';`,
  messages: `import {
    type ClientProxy, GrpcMethod, MessagePattern, MqttRecordBuilder, NatsRecordBuilder, Payload, RmqRecordBuilder,
  } from '@nestjs/microservices'; import { headers } from '@nats-io/transport-node';`,
  sockets: `import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets'; import type { WebSocket } from 'ws';`,
  passport: `import { AuthGuard } from '@nestjs/passport';`,
  terminus: `import { HealthIndicatorService } from '@nestjs/terminus';`,
  typeorm: `import { Column, Entity, type MigrationInterface, type QueryRunner } from 'typeorm';`,
  validator: `import { Matches } from 'class-validator';`,
  files: `import { readFile } from 'node:fs/promises';`,
  core: `import { NestFactory } from '@nestjs/core';`,
  postern: `import { createHttpAdapter, PosternModule } from 'postern';`,
  problem: `import { AuthError, ProblemModule } from 'postern/problem';`,
  persistence: `import { type Database, PersistenceModule } from 'postern/persistence';`,
  auth: `import {
    AccessTokenVerifier, AuthModule, Carrier, CurrentPrincipal, CurrentUser, EndsWithToken, type GuardedRequest, JwtAuthGuard, MessageRequest, OpenStreams, OptionalAuth,
    type Principal, PrincipalMapper, Public, RequireScopes, RevocationHealth, type RevocationPublisher,
    RequireAnyPermission, RequirePermissions, UsePolicy,
  } from 'postern/auth';`,
  outbound: `import {
    HttpTokens, OutboundModule, ServiceClients, ServiceFetch, UserTokens, type UserTokenRequest,
  } from 'postern/outbound';`,
  clients: `import { HttpService } from '@nestjs/axios';
    import { ClientsModule, Transport } from '@nestjs/microservices';`,
  exchange: 'declare function exchange(token: string, audience: string): Promise<string>;',
  signatures: `import { importKey, parseJws, verifyJws } from 'postern/jws'; declare const text: string, publicKeyPem: string;`,
  tokens: `import { KeyRingVerificationKeys, TokensModule } from 'postern/tokens';`,
  users: `import {
    meControllerOf, type SeenUser, type TeamFields, UserBase, UserField, UsersModule, type UsersService,
  } from 'postern/users';`,
  revocations_: `import { DatabaseRevocationPublisher, RevocationsModule, DatabaseRevocationSource } from 'postern/revocations';`,
  sessions: `import { type LoginAttempt, LoginPolicy, SessionsModule } from 'postern/sessions';`,
  password: `import {
    PasswordConfirmation, PasswordHasher, PasswordModule, PasswordPolicy, type PasswordViolation, shippedPasswordPolicies,
  } from 'postern/password';`,
  accounts: `import { AccountsModule, type OneTimeTokens, type ResetContext, ResetPassword } from 'postern/accounts';
import { UserImport, usersOf } from 'postern/accounts/import';`,
  limits: `import { Limits, LimitsModule, RateLimit } from 'postern/limits';`,
  mail: `import {
    letter, Mailer, type MailMessage, MailModule, MailNotSentError, MailRejectedError, type Outbox,
  } from 'postern/mail';`,
  PersonalData: `import { PersonalData } from 'postern/accounts';`,
  testing: `import { createTestDatabase, startTestApplication, type TestDatabase } from 'postern/testing';`,
  ExpenseOwnerPolicy: `import { ExpenseOwnerPolicy } from '../fixtures/acme/rights/expense-owner.policy.js';`,
  Employee: `import { Employee } from '${employee}';`,
  AddCostCentre1764100000000: `import { AddCostCentre1764100000000 } from '${migration}';`,
  OfficeHoursPolicy: 'class OfficeHoursPolicy extends LoginPolicy { async check(): Promise<void> {} }',
  GatewayMailer: 'class GatewayMailer extends Mailer { async send(): Promise<void> {} }',
  ScryptPasswordHasher:
    'declare class ScryptPasswordHasher extends PasswordHasher { hash(): Promise<string>; verify(): Promise<boolean>; needsRehash(): boolean }',
  Badges: 'class Badges { async check(_badge: unknown): Promise<void> {} }',
  BadgesModule: 'class BadgesModule {}',
  Staff: 'interface Staff { readonly costCentre: string }',
  Directory: 'declare class Directory { find(subject: string): Promise<Staff | undefined> }',
  CorporateNetwork: `import type { IssuerFetch } from 'postern/auth'; declare class NetworkModule {} declare abstract class CorporateNetwork { fetch: IssuerFetch }`,
  readServiceToken: 'declare function readServiceToken(): Promise<string>;',
  revocations: 'declare const revocations: RevocationPublisher;',
  database: 'declare const database: Database;',
  service: 'declare const users: UsersService<UserBase & { roles: string[] }>, id: string, roles: string[];',
  AppModule: 'class AppModule {}',
  costCentreOf: 'declare function costCentreOf(entry: object): string;',
  credentials: 'declare const email: string, password: string;',
  issuer: 'declare const issuer: string;',
  audience: 'declare const audience: string;',
  secret: 'declare const secret: string;',
  databaseUrl: 'declare const databaseUrl: string;',
};

/** The compiler checks these files where they are, and a guide shows them unchanged. */
const SHOWN = ['acme.permissions', 'expense-owner.policy', 'withdrawal.policy', 'payment.policy'].map((name) =>
  readFileSync(join(root, `test/fixtures/acme/rights/${name}.ts`), 'utf8'),
);

/** The names and texts of the programs in this folder. */
type Program = readonly [string, string];

function programsOf(path: string): Program[] {
  const text = readFileSync(join(root, path), 'utf8');
  const blocks = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].filter(([, block]) => !SHOWN.includes(block!));
  return blocks.map(([, block], index) => {
    const own = Object.entries(READERS_OWN).filter(
      ([name]) => !new RegExp(`(class|const|let|import \\{ type) ${name}\\b`).test(block!),
    );
    const program = `${own.map(([, line]) => line).join('\n')}\n${block!.replaceAll('…', '')}`;
    return [`${path.replaceAll('/', '-')}-${index + 1}.ts`, program];
  });
}

/** The compiler errors with the settings of this project, as if the sources were beside this file. */
function complaintsAbout(programs: readonly Program[]): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const files = new Map(programs.map(([name, text]) => [join(import.meta.dirname, name), text]));
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

/** The members of an interface, and the members of its `controllers` as `controllers.x`. */
function membersOf(path: string, interfaceName: string): string[] {
  const file = ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.ES2023);
  const namesIn = (members: ts.NodeArray<ts.TypeElement>, before = ''): string[] =>
    members.filter(ts.isPropertySignature).flatMap(({ name, type }) => {
      const full = before + (name as ts.Identifier).text;
      const literal = type && (ts.isUnionTypeNode(type) ? [...type.types] : [type]).find(ts.isTypeLiteralNode);
      return literal ? namesIn(literal.members, `${full}.`) : [full];
    });
  return file.statements
    .filter((statement) => ts.isInterfaceDeclaration(statement))
    .filter(({ name }) => name.text === interfaceName)
    .flatMap(({ members }) => namesIn(members));
}

/** The names in the first column of a table under this heading; for a row of controllers, its options. */
function namedUnder(page: string, heading: string): string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`))!;
  const rows = [...section.matchAll(/^\| (`.*?)\s*\|(.*)\|$/gm)];
  return rows.flatMap(([, keys, meaning]) => {
    const names = [...keys!.matchAll(/`(\w+)`/g)].map((match) => match[1]!);
    if (names[0] !== 'controllers') return names;
    return [...meaning!.replaceAll(/\{.*?\}/g, '').matchAll(/`(\w+)`/g)]
      .map((match) => `controllers.${match[1]!}`)
      .filter((name) => name !== 'controllers.false');
  });
}

/** Every parent folder of a path. */
function foldersOf(path: string): string[] {
  const folder = dirname(path);
  return folder === '.' ? [] : [folder, ...foldersOf(folder)];
}

describe('the documentation', () => {
  it('the documentation names each setting and each class of PosternModule, and no unknown one', () => {
    const page = pages.find(({ path }) => path === 'libs/postern/README.md')!.text;
    const declared = (name: string): string[] =>
      membersOf('libs/postern/src/postern.module-definition.ts', name).toSorted();
    expect(declared('PosternSettings')).toContain('databaseUrl');
    expect(namedUnder(page, 'Settings').toSorted()).toEqual(declared('PosternSettings'));
    expect(declared('PosternStructure')).toContain('controllers.sessions');
    expect(namedUnder(page, 'Structure').toSorted()).toEqual(declared('PosternStructure'));
  });

  it('the code of the documentation compiles', () => {
    const programs = WITH_CODE.flatMap(programsOf);
    expect(programs.length).toBeGreaterThanOrEqual(20);
    expect(complaintsAbout(programs)).toEqual([]);
  }, 180_000);

  it('the guide to rights shows the code of the customer application', () => {
    const { text } = pages.find(({ path }) => path === 'docs/guides/decide-who-may-do-what.md')!;
    expect(SHOWN.filter((file) => !text.includes(`\`\`\`ts\n${file}\`\`\``))).toEqual([]);
  });

  it('the check of the documentation detects code that does not compile', () => {
    const program = `${READERS_OWN.auth}\nAuthModule.forRoot({ isuer: 'x', audience: 'y' });`;
    expect(complaintsAbout([['misspelt.ts', program]])).toHaveLength(1);
  });

  it('the links of the documentation lead to existing files', () => {
    expect(links.length).toBeGreaterThan(10);
    const dead = links.filter(({ path, target }) => !existsSync(join(root, dirname(path), target)));
    expect(dead).toEqual([]);
  });

  it('the links of packaged documentation lead to packaged files', () => {
    const listed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      encoding: 'utf8',
    });
    const [{ files }] = JSON.parse(listed) as [{ files: { path: string }[] }];
    const packed = new Set(files.flatMap(({ path }) => [path, ...foldersOf(path)]));
    expect([...packed]).toContain('README.md');
    const dead = links.filter(({ path, target }) => packed.has(path) && !packed.has(join(dirname(path), target)));
    expect(dead).toEqual([]);
  });

  it('the npm commands of the documentation exist', () => {
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

  it('the documented command for one lib runs its specs', () => {
    // Jest's list of projects continues until the next option. Without an option, Jest would read the lib as a project.
    const { text } = pages.find(({ path }) => path === 'CONTRIBUTING.md')!;
    const [, script, lib] = /`npm run ([\w:]+) -- (libs\/\w+)`/.exec(text)!;
    const listed = execFileSync('npm', ['run', '--silent', script!, '--', lib!, '--listTests'], {
      cwd: root,
      encoding: 'utf8',
    });
    const files = listed.split('\n').filter((line) => line.startsWith(root));
    expect(files.length).toBeGreaterThan(3);
    expect(files.filter((file) => !file.startsWith(join(root, lib!)))).toEqual([]);
  });
});
