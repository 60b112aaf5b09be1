import { Injectable, Module } from '@nestjs/common';
import type { DynamicModule, Type } from '@nestjs/common';
import { LazyModuleLoader, NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { PosternModule } from 'postern';
import { AccountsModule, Registration } from 'postern/accounts';
import { AccessTokenVerifier, AuthModule } from 'postern/auth';
import { Limits, LimitsModule } from 'postern/limits';
import { MailModule, Outbox } from 'postern/mail';
import { PasswordModule, PasswordsService } from 'postern/password';
import { Database, PersistenceModule } from 'postern/persistence';
import { ProblemFilter, ProblemModule } from 'postern/problem';
import { RevocationFeed, RevocationsModule } from 'postern/revocations';
import { SessionsModule, SessionsService } from 'postern/sessions';
import { AccessTokens, TokensModule } from 'postern/tokens';
import { UsersModule, UsersService } from 'postern/users';

const auth = (): DynamicModule => AuthModule.forRoot({ issuer: 'https://id.example.test', audience: 'orders' });

/** An application with its own service, as usual. Nest must not report an error of that service first. */
function applicationOf(module: Type | DynamicModule, injected?: Type): Type {
  @Injectable()
  class Own {}
  if (injected) Reflect.defineMetadata('design:paramtypes', [injected], Own);
  @Module({ imports: [module], providers: [Own] })
  class AppModule {}
  return AppModule;
}

const start = (module: Type) => NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });

describe('a module imported as a bare class', () => {
  it.each<[string, Type, Type | undefined]>([
    ['PosternModule', PosternModule, UsersService],
    ['ProblemModule', ProblemModule, ProblemFilter],
    ['PersistenceModule', PersistenceModule, Database],
    ['AuthModule', AuthModule, AccessTokenVerifier],
    ['TokensModule', TokensModule, AccessTokens],
    ['UsersModule', UsersModule, UsersService],
    ['RevocationsModule', RevocationsModule, RevocationFeed],
    ['SessionsModule', SessionsModule, SessionsService],
    ['PasswordModule', PasswordModule, PasswordsService],
    ['LimitsModule', LimitsModule, Limits],
    ['MailModule', MailModule, Outbox],
    ['AccountsModule', AccountsModule, Registration],
  ])(
    'a module imported as a bare class stops the start with an error that says what to write: %s',
    async (name, module, injected) => {
      const sentence = `${name} has no settings: write ${name}.forRoot({ … }) or ${name}.forRootAsync({ … }), once in the application.`;
      await expect(start(applicationOf(module))).rejects.toThrow(sentence);
      await expect(start(applicationOf(module, injected))).rejects.toThrow(sentence);
    },
  );

  it('a bare class stops the start although another module has imported it with settings', async () => {
    @Module({ imports: [AuthModule] })
    class OrdersModule {}
    @Module({ imports: [auth(), OrdersModule] })
    class AppModule {}
    await expect(start(AppModule)).rejects.toThrow('AuthModule has no settings: write AuthModule.forRoot({ … })');
  });

  it('stops the start as a subclass with providers of its own, which replace those of PosternModule', async () => {
    @Injectable()
    class Own {}
    @Module({ providers: [Own] })
    class AcmeModule extends PosternModule {}
    await expect(start(applicationOf(AcmeModule))).rejects.toThrow('PosternModule has no settings');
  });

  it('a bare class cannot be lazy-loaded either', async () => {
    const context = await start(applicationOf(auth()));
    await expect(context.get(LazyModuleLoader).load(() => UsersModule)).rejects.toThrow('UsersModule has no settings');
    await context.close();
  });
});

describe('a module imported with settings', () => {
  it('a module with settings may be re-exported, and a test may override it or one of its providers', async () => {
    const settings = auth();
    @Module({ imports: [settings], exports: [AuthModule] })
    class PlatformModule {}
    @Module({ imports: [PlatformModule, settings] })
    class AppModule {}
    await expect(start(AppModule)).resolves.toBeDefined();
    const verifier = {};
    const overridden = Test.createTestingModule({ imports: [AppModule] }).overrideProvider(AccessTokenVerifier);
    await expect(overridden.useValue(verifier).compile()).resolves.toBeDefined();
    @Module({})
    class NoAuthModule {}
    const replaced = Test.createTestingModule({ imports: [AuthModule] }).overrideModule(AuthModule);
    await expect(replaced.useModule(NoAuthModule).compile()).resolves.toBeDefined();
  });

  it('a module with settings can be lazy-loaded', async () => {
    const context = await start(applicationOf(auth()));
    const loaded = context.get(LazyModuleLoader).load(() => ProblemModule.forRoot({}));
    await expect(loaded.then((module) => module.get(ProblemFilter))).resolves.toBeInstanceOf(ProblemFilter);
    await context.close();
  });
});
