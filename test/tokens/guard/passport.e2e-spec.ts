import { Controller, Get, Injectable, UseGuards } from '@nestjs/common';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import passport from 'passport';
import { AuthModule, CurrentUser, RevocationPublisher } from 'postern/auth';
import { ProblemModule } from 'postern/problem';
import { TestIssuer } from 'postern/testing/auth';
import type { INestApplication } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { Principal } from 'postern/auth';

const issuer = new TestIssuer('orders');

/** Another authentication method of a team beside access tokens. */
@Injectable()
class ApiKeyStrategy extends PassportStrategy(passport.Strategy, 'api-key') {
  override authenticate(request: { headers: Readonly<Record<string, unknown>> }): void {
    const key = request.headers['x-api-key'];
    if (key === 'right') this.success({ subject: 'machine' });
    else this.fail('api-key', 401);
  }

  validate(): never {
    throw new Error('Passport calls authenticate.');
  }
}

@Controller()
class DeskController {
  @UseGuards(AuthGuard('postern-jwt'))
  @Get('alone')
  alone(@CurrentUser() { subject }: Principal): object {
    return { subject };
  }

  @UseGuards(AuthGuard(['postern-jwt', 'api-key']))
  @Get('chained')
  chained(@CurrentUser() { subject }: Principal): object {
    return { subject };
  }
}

describe.each<[string, () => AbstractHttpAdapter]>([
  ['Fastify', () => new FastifyAdapter()],
  ['Express', () => new ExpressAdapter()],
])("AuthGuard('postern-jwt') on %s", (_, adapter) => {
  let application: INestApplication;

  async function boot(settings = issuer.settings): Promise<INestApplication> {
    const module = await Test.createTestingModule({
      imports: [ProblemModule.forRoot({}), AuthModule.forRoot({ ...settings, global: false })],
      controllers: [DeskController],
      providers: [ApiKeyStrategy],
    }).compile();
    application = module.createNestApplication(adapter());
    await application.listen(0, '127.0.0.1');
    return application;
  }

  const ask = async (
    path: string,
    headers: Record<string, string> = {},
  ): Promise<[number, Record<string, unknown>]> => {
    const answer = await fetch(`${await application.getUrl()}${path}`, { headers });
    return [answer.status, (await answer.json()) as Record<string, unknown>];
  };
  const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

  afterEach(() => application.close());

  it('AuthGuard accepts an access token and sets its principal as the user of the request', async () => {
    await boot();
    expect(await ask('/alone', bearer(issuer.token({ subject: 'ann' })))).toEqual([200, { subject: 'ann' }]);
  });

  it('AuthGuard rejects a missing, a forged, an expired, and a revoked token with 401', async () => {
    await boot();
    const revoked = issuer.token({ subject: 'ann', sessionId: 's-1' });
    expect(await ask('/alone', bearer(revoked))).toMatchObject([200, {}]);
    await application.get(RevocationPublisher).publish({
      kind: 'session',
      target: 's-1',
      reason: 'logout',
      expiresAt: Date.now() / 1000 + 600,
    });
    const forged = new TestIssuer('orders').token({ subject: 'ann' });
    const expired = issuer.token({ subject: 'ann', lifetimeSeconds: -60 });
    for (const headers of [{}, bearer(forged), bearer(expired), bearer(revoked), bearer('a.b.c')]) {
      expect(await ask('/alone', headers)).toMatchObject([401, { code: 'unauthorized' }]);
    }
  });

  it('AuthGuard tries the next strategy of a chain if the token is missing or invalid', async () => {
    await boot();
    const [token, key] = [bearer(issuer.token({ subject: 'ann' })), { 'x-api-key': 'right' }];
    expect(await ask('/chained', token)).toEqual([200, { subject: 'ann' }]);
    expect(await ask('/chained', key)).toEqual([200, { subject: 'machine' }]);
    expect(await ask('/chained', { ...bearer('a.b.c'), ...key })).toEqual([200, { subject: 'machine' }]);
    expect(await ask('/chained', { 'x-api-key': 'wrong' })).toMatchObject([401, {}]);
  });

  it('AuthGuard answers 503 instead of 401 while the keys of the issuer are not available', async () => {
    const { issuer: name, audience } = issuer.settings;
    await boot({ issuer: name, audience, jwks: { uri: 'http://127.0.0.1:9/jwks' } });
    const answer = await ask('/alone', bearer(issuer.token({ subject: 'ann' })));
    expect(answer).toMatchObject([503, { code: 'service-unavailable' }]);
  });
});
