import type { Server } from 'node:http';
import { Inject, Logger, Module } from '@nestjs/common';
import type { DynamicModule, NestModule, Type } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { Express } from 'express';
import type { FastifyInstance } from 'fastify';
import { answerHeaders } from './answer-headers.js';
import { enterExpress } from './express-entrance.js';
import { isHardened, isStrict } from './http-adapter.js';
import { OwnRoutesGuard } from './own-routes.guard.js';
import { readStrictJson } from './json/strict-json.js';

const PROTECTED_MODULES = Symbol('the modules whose routes are protected');

/**
 * Protects an application that does not use `createHttpAdapter`, as far as possible after the adapter was created:
 * security headers on the responses of the API, and strict JSON, strict addresses and `no-store` on Postern's routes.
 * A log line describes how to get the full protection.
 */
@Module({})
export class HttpProtectionModule implements NestModule {
  private readonly logger = new Logger('PosternModule');

  /** Creates the module for the routes of these modules. */
  static of(...modules: Type[]): DynamicModule {
    return { module: HttpProtectionModule, providers: [{ provide: PROTECTED_MODULES, useValue: modules }] };
  }

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly application: ApplicationConfig,
    private readonly modules: ModulesContainer,
    @Inject(PROTECTED_MODULES) private readonly protectedModules: readonly Type[],
  ) {
    // A test creates the adapter after the modules.
    host.init$.subscribe(() => {
      const adapter = this.adapter();
      if (adapter && !isHardened(adapter)) readStrictJson(adapter);
    });
  }

  /** Nest calls this before it registers the routes, and only in an application with HTTP. */
  configure(): void {
    const adapter = this.adapter();
    if (!adapter || isStrict(adapter)) return;
    // The first guard, so that an unknown address is 404 and not 401.
    this.application.getGlobalGuards().unshift(new OwnRoutesGuard(this.controllers()));
    if (isHardened(adapter)) return;
    setAnswerHeaders(adapter);
    this.logger.warn(
      'The HTTP adapter is not from createHttpAdapter: the routes of the application have no time-outs, limits and strict addresses. ' +
        `Write in main.ts: NestFactory.create(AppModule, await createHttpAdapter('${adapter.getType()}'))`,
    );
  }

  private adapter(): AbstractHttpAdapter | undefined {
    const adapter = this.host.httpAdapter as AbstractHttpAdapter | null | undefined;
    return adapter && ['express', 'fastify'].includes(adapter.getType()) ? adapter : undefined;
  }

  private controllers(): Set<Type> {
    const own = [...this.modules.values()].filter(({ metatype }) => this.protectedModules.includes(metatype));
    return new Set(own.flatMap(({ controllers }) => [...controllers.values()].map(({ metatype }) => metatype as Type)));
  }
}

/** Covers both servers of Fastify (for a name with two addresses), injected requests, and each server of an Express. */
function setAnswerHeaders(adapter: AbstractHttpAdapter): void {
  const complete = answerHeaders();
  (adapter.getHttpServer() as Server).prependListener('request', complete);
  if (adapter.getType() === 'fastify') {
    const fastify = adapter.getInstance<FastifyInstance>();
    fastify.addHook('onRequest', (request, reply, done) => {
      complete(request.raw, reply.raw);
      done();
    });
  } else {
    const express = adapter.getInstance<Express>();
    express.disable('x-powered-by');
    enterExpress(express, (request, response) => {
      complete(request, response);
      return true;
    });
  }
}
