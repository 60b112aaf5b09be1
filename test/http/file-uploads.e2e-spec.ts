import { Body, Controller, Module, Post, Req, UploadedFile, UseInterceptors } from '@nestjs/common';
import type { INestApplication, RawBodyRequest } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FileInterceptor } from '@nestjs/platform-express';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpAdapter } from 'postern';
import type { HttpSettings } from 'postern';
import { AuthModule, RequireScopes } from 'postern/auth';
import { ProblemModule } from 'postern/problem';
import { TestIssuer } from 'postern/testing/auth';

const issuer = new TestIssuer('documents');
const token = issuer.token({ subject: 'ada', scopes: ['documents:write'] });

@RequireScopes('documents:write')
@Controller()
class DocumentsController {
  @Post('documents')
  @UseInterceptors(FileInterceptor('file', { limits: { fileSize: 200_000 } }))
  upload(@UploadedFile() file: { originalname: string; buffer: Buffer }, @Body() fields: { title: string }) {
    return { name: file.originalname, bytes: file.buffer.length, title: fields.title };
  }

  @Post('forms')
  form(@Body() form: unknown) {
    return { form };
  }

  @Post('texts')
  text(@Body() text: unknown) {
    return { text: String(text) };
  }

  @Post('webhooks')
  webhook(@Req() { rawBody }: RawBodyRequest<object>) {
    return { signed: rawBody?.toString() };
  }
}

@Module({
  imports: [ProblemModule.forRoot({}), AuthModule.forRoot(issuer.settings)],
  controllers: [DocumentsController],
})
class DocumentsModule {}

let app: INestApplication | undefined;
afterEach(() => app?.close());

async function start(
  kind: 'fastify' | 'express',
  settings: HttpSettings,
  prepare: (nest: INestApplication) => void = () => undefined,
): Promise<string> {
  app = await NestFactory.create(DocumentsModule, await createHttpAdapter(kind, settings), {
    logger: false,
    rawBody: true,
  });
  prepare(app);
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}

async function post(
  url: string,
  body: NonNullable<RequestInit['body']>,
  headers: Record<string, string> = { authorization: `Bearer ${token}` },
) {
  const answer = await fetch(url, { method: 'POST', body, headers });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

function upload(bytes: number): FormData {
  const form = new FormData();
  form.set('title', 'Notes');
  form.set('file', new File(['x'.repeat(bytes)], 'notes.txt'));
  return form;
}

describe('an upload route on Express', () => {
  it('an upload route on Express gets its file from the interceptor of Nest, behind the guard and above the limit of other bodies', async () => {
    const url = await start('express', { multipart: true });
    const { status, body } = await post(`${url}/documents`, upload(150_000));
    expect([status, body]).toEqual([201, { name: 'notes.txt', bytes: 150_000, title: 'Notes' }]);
    expect(await post(`${url}/documents`, upload(10), {})).toMatchObject({ status: 401 });
    expect(await post(`${url}/documents`, upload(250_000))).toMatchObject({
      status: 413,
      body: { code: 'payload-too-large' },
    });
    const text = { authorization: `Bearer ${token}`, 'content-type': 'text/plain' };
    expect(await post(`${url}/forms`, 'x', text)).toMatchObject({ status: 415 });
  });

  it('an upload route on Express gets no file by default', async () => {
    const url = await start('express', {});
    expect(await post(`${url}/documents`, upload(10))).toMatchObject({ status: 415 });
  });
});

describe.each(['fastify', 'express'] as const)('a parser of the team on %s', (kind) => {
  const parsers = (nest: INestApplication): void => {
    if (kind === 'express') {
      const express = nest as NestExpressApplication;
      express.useBodyParser('urlencoded', { extended: false });
      express.useBodyParser('text', { type: 'text/plain' });
    } else {
      const fastify = nest as NestFastifyApplication;
      fastify.useBodyParser('application/x-www-form-urlencoded', {}, (_request, body, done) => {
        done(null, Object.fromEntries(new URLSearchParams(body.toString())));
      });
      fastify.useBodyParser('text/plain');
    }
  };

  it('a parser of the team reads its content type, and JSON is still parsed strictly', async () => {
    const url = await start(kind, {}, parsers);
    const form = await post(`${url}/forms`, new URLSearchParams({ colour: 'blue' }));
    expect(form).toEqual({ status: 201, body: { form: { colour: 'blue' } } });
    expect(await post(`${url}/texts`, 'plain')).toEqual({ status: 201, body: { text: 'plain' } });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    expect(await post(`${url}/webhooks`, '{ "a":  1 }', headers)).toEqual({
      status: 201,
      body: { signed: '{ "a":  1 }' },
    });
    expect(await post(`${url}/forms`, '{"__proto__":{}}', headers)).toMatchObject({ status: 400 });
    const xml = { ...headers, 'content-type': 'application/xml' };
    expect(await post(`${url}/forms`, '<a/>', xml)).toMatchObject({ status: 415 });
    expect(await post(`${url}/texts`, 'x'.repeat(150_000))).toMatchObject({
      status: 413,
      body: { code: 'payload-too-large' },
    });
  });
});
