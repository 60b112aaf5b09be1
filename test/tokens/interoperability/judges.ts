import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const algorithms = ['ES256', 'RS256', 'EdDSA'] as const;
export type JudgedAlgorithm = (typeof algorithms)[number];

/** The configuration of every judge. */
export interface Rules {
  readonly jwksUri: string;
  readonly issuer: string;
  readonly audience: string;
  readonly algorithm: JudgedAlgorithm;
}

/** A library that verifies our tokens with the JWKS alone, by a program that starts again for each call. */
export interface Judge {
  readonly library: string;
  /** The program's file in this folder. The guide shows it. */
  readonly program: string;
  readonly command: readonly string[];
  readonly algorithms: readonly JudgedAlgorithm[];
  /** Exits with 0 if the library is on this machine. */
  readonly probe?: readonly string[];
  /** The packages of Debian that bring it. */
  readonly packages?: string;
  /** Compiles the program. */
  readonly build?: readonly string[];
}

/** The Python of Debian, which finds Debian's packages. */
const PYTHON = '/usr/bin/python3';
const SECONDS = 60;
const ALL: readonly JudgedAlgorithm[] = algorithms;
const NO_EDDSA: readonly JudgedAlgorithm[] = ['ES256', 'RS256'];

const binaries = join(tmpdir(), `postern-judges-${process.pid}`);
const beside = (file: string): string => join(import.meta.dirname, file);
const inBinaries = (file: string): string => join(binaries, file);

const npm = (library: string, judged = ALL): Judge => {
  const program = `node/${library}.mjs`;
  return { library, program, command: [process.execPath, beside(program)], algorithms: judged };
};
const python = (library: string, module: string, program: string, packages: string): Judge => ({
  library,
  program,
  command: [PYTHON, '-I', beside(program)],
  algorithms: ALL,
  probe: [PYTHON, '-I', '-c', `import ${module}, cryptography`],
  packages,
});
const ruby = (library: string, program: string, feature: string): Judge => ({
  library,
  program,
  command: ['ruby', beside(program)],
  algorithms: NO_EDDSA,
  probe: ['ruby', '-e', `require '${feature}'`],
  packages: library,
});

export const judges: readonly Judge[] = [
  npm('jose'),
  npm('oauth4webapi'),
  npm('hono'),
  npm('express-oauth2-jwt-bearer'),
  npm('jwks-rsa', NO_EDDSA),
  npm('fast-jwt'),
  python('PyJWT', 'jwt', 'python/pyjwt_verify.py', 'python3-jwt'),
  python('Authlib', 'authlib', 'python/authlib_verify.py', 'python3-authlib'),
  ruby('ruby-jwt', 'ruby/jwt_verify.rb', 'jwt'),
  ruby('ruby-json-jwt', 'ruby/json_jwt_verify.rb', 'json/jwt'),
  {
    library: 'Crypt::JWT',
    program: 'perl/crypt_jwt_verify.pl',
    command: ['perl', beside('perl/crypt_jwt_verify.pl')],
    algorithms: ALL,
    probe: ['perl', '-MCrypt::JWT', '-e', '1'],
    packages: 'libcrypt-jwt-perl',
  },
  {
    library: 'golang-jwt',
    program: 'go/verify.go',
    command: [inBinaries('golang-jwt')],
    algorithms: ALL,
    build: ['go', 'build', '-o', inBinaries('golang-jwt'), beside('go/verify.go')],
    packages: 'golang-go golang-github-golang-jwt-jwt-dev',
  },
  {
    library: 'Rhonabwy',
    program: 'c/rhonabwy_verify.c',
    command: [inBinaries('rhonabwy')],
    algorithms: ALL,
    build: [
      'gcc',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-o',
      inBinaries('rhonabwy'),
      beside('c/rhonabwy_verify.c'),
      '-lrhonabwy',
    ],
    packages: 'gcc libc6-dev librhonabwy-dev',
  },
  {
    library: 'mod_oauth2',
    program: 'apache/oauth2.conf',
    command: [process.execPath, beside('apache/apache.program.mjs')],
    algorithms: NO_EDDSA,
    probe: ['test', '-x', '/usr/sbin/apache2', '-a', '-f', '/usr/lib/apache2/modules/mod_oauth2.so'],
    packages: 'apache2-bin libapache2-mod-oauth2',
  },
];

/** Debian's Go library is in this GOPATH, and has no module. */
const environment = { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOCACHE: inBinaries('go') };

/** The reason why a judge is not on this machine, or `undefined` if it is. A program is compiled here. */
export function whyNot({ probe, build, packages }: Judge): string | undefined {
  const [command, ...parameters] = probe ?? build ?? [];
  if (command === undefined) return undefined;
  mkdirSync(binaries, { recursive: true });
  const { error, status, stderr } = spawnSync(command, parameters, {
    encoding: 'utf8',
    timeout: SECONDS * 1000,
    env: environment,
  });
  if (error === undefined && status === 0) return undefined;
  return `${error?.message ?? stderr.trim().split('\n').pop()}; Debian: apt-get install ${packages}`;
}

/** Removes the compiled programs. */
export function removeBinaries(): void {
  rmSync(binaries, { recursive: true, force: true });
}

/** The verdict of a newly started judge on each token: the subject if it accepts the token, or else the reason. */
export async function verdictsOf(judge: Judge, rules: Rules, tokens: readonly string[]): Promise<string[]> {
  const { jwksUri, issuer, audience, algorithm } = rules;
  const command = [...judge.command, jwksUri, issuer, audience, algorithm];
  const lines = (await output(command, tokens.map((token) => `${token}\n`).join(''))).trimEnd().split('\n');
  if (lines.length !== tokens.length) throw new Error(`${judge.library} answered ${lines.length} lines`);
  return lines;
}

/** Creates a token with PyJWT. */
export async function signedByPyJwt(question: {
  /** The PEM of a private key, or the secret of HS256. */
  readonly key: string;
  readonly algorithm: 'ES256' | 'RS256' | 'HS256';
  readonly claims: object;
  readonly headers: object;
}): Promise<string> {
  return (await output([PYTHON, '-I', beside('python/pyjwt_sign.py')], JSON.stringify(question))).trim();
}

function output([command, ...parameters]: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const program = execFile(command!, parameters, { timeout: SECONDS * 1000 }, (error, stdout, stderr) =>
      error ? reject(new Error(stderr || error.message)) : resolve(stdout),
    );
    program.stdin?.end(input);
  });
}
