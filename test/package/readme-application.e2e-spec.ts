import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { transformSync } from '@swc/core';
import { createEmptyDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const application = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)]
  .map((match) => match[1]!)
  .find((block) => /PosternModule\.forRoot/.test(block))!;

/** The surroundings of these lines in the files of a reader, and one registration. */
const program = (databaseUrl: string): string => `
  import 'reflect-metadata';
  import { Module } from '@nestjs/common';
  import { NestFactory } from '@nestjs/core';
  import { FastifyAdapter } from '@nestjs/platform-fastify';
  import { Matches } from 'class-validator';
  import { PosternModule } from 'postern';
  import { UserBase, UserField } from 'postern/users';
  import { Column, Entity, type MigrationInterface, type QueryRunner } from 'typeorm';

  const issuer = 'http://localhost:3000';
  const secret = 'only for this test, and long enough to be taken for a secret';
  const databaseUrl = ${JSON.stringify(databaseUrl)};
  ${application}
  const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: ['error'] });
  await app.listen(0, '127.0.0.1');
  const response = await fetch((await app.getUrl()) + '/auth/register', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'ada@example.com', password: 'seven small boats at noon' }),
  });
  console.log(JSON.stringify({ status: response.status, body: await response.json() }));
  await app.close();
`;

describe('the first application of the README', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createEmptyDatabase();
  });
  afterAll(() => database?.drop());

  it('the application of the README starts on an empty database and registers its first user', async () => {
    const { code } = transformSync(program(database.url), {
      jsc: {
        parser: { syntax: 'typescript', decorators: true },
        target: 'es2023',
        transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
      },
      module: { type: 'es6' },
    });
    const flags = ['--import', './test/support/register-typescript.mjs', '--input-type=module', '--eval', code];
    const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd: root });
    expect(JSON.parse(stdout)).toMatchObject({
      status: 201,
      body: { email: 'ada@example.com', costCentre: null },
    });
  });
});
