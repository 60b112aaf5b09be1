import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The configuration of every library: the JWKS URI, the issuer and the audience. */
export interface Rules {
  readonly jwksUri: string;
  readonly issuer: string;
  readonly audience: string;
  readonly algorithm: 'ES256' | 'RS256';
}

/** The Python of Debian, which finds Debian's packages. */
const PYTHON = '/usr/bin/python3';
const SECONDS = 60;

/** The reason why the Python libraries are unavailable; `undefined` if they are available. */
export const whyNoPython = ((): string | undefined => {
  const { error, status, stderr } = spawnSync(PYTHON, ['-I', '-c', 'import jwt, authlib, cryptography'], {
    encoding: 'utf8',
    timeout: SECONDS * 1000,
  });
  if (error === undefined && status === 0) return undefined;
  const reason = error?.message ?? stderr.trim().split('\n').pop();
  return `PyJWT and Authlib do not judge our tokens: ${reason} (Debian: apt-get install python3-jwt python3-authlib).`;
})();

type Program = readonly [command: string, ...parameters: string[]];

const npm = (library: string): Program => [process.execPath, beside('npm-library.program.mjs'), library];
const python = (program: string): Program => [PYTHON, '-I', beside(program)];

const programs: Readonly<Record<string, Program>> = {
  jose: npm('jose'),
  'jwks-rsa + jsonwebtoken': npm('jwks-rsa'),
  'fast-jwt': npm('fast-jwt'),
  'express-oauth2-jwt-bearer': npm('express-oauth2-jwt-bearer'),
  ...(whyNoPython === undefined && {
    PyJWT: python('pyjwt_verify.py'),
    Authlib: python('authlib_verify.py'),
  }),
};

/** The independent libraries on this machine that verify Postern's tokens with the JWKS alone. */
export const libraries = Object.keys(programs);

/** The verdict of a newly started library on each token: the subject if it accepts the token, or else the reason. */
export function verdictsOf(library: string, rules: Rules, tokens: readonly string[]): Promise<string[]> {
  return ask(programs[library]!, { ...rules, tokens });
}

/** Creates a token with PyJWT. */
export async function signedByPyJwt(question: {
  /** The PEM of a private key, or the secret of HS256. */
  readonly key: string;
  readonly algorithm: 'ES256' | 'RS256' | 'HS256';
  readonly claims: object;
  readonly headers: object;
}): Promise<string> {
  const { token } = await ask<{ token: string }>(python('pyjwt_sign.py'), question);
  return token;
}

function beside(file: string): string {
  return join(import.meta.dirname, file);
}

/** Sends the question to a program and returns its output. */
function ask<T>([command, ...parameters]: Program, question: object): Promise<T> {
  return new Promise((resolve, reject) => {
    const program = execFile(command, parameters, { timeout: SECONDS * 1000 }, (error, stdout, stderr) =>
      error ? reject(new Error(stderr || error.message)) : resolve(JSON.parse(stdout) as T),
    );
    program.stdin?.end(JSON.stringify(question));
  });
}
