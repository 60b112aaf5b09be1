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
 * Protects an application whose HTTP adapter is not one of `createHttpAdapter`, as far as that is possible after the adapter was made:
 * security headers on the answers of the API; strict JSON, strict addresses and no caches on Postern's own routes. A line in the log
 * says how to have the rest.
 */
@Module({})
export class HttpProtectionModule implements NestModule {
  private readonly logger = new Logger('PosternModule');

  /** Protects the routes of these modules. */
  static of(...modules: Type[]): DynamicModule {
    return { module: HttpProtectionModule, providers: [{ provide: PROTECTED_MODULES, useValue: modules }] };
  }

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly application: ApplicationConfig,
    private readonly modules: ModulesContainer,
    @Inject(PROTECTED_MODULES) private readonly protectedModules: readonly Type[],
  ) {
    // A test makes the adapter after the modules.
    host.init$.subscribe(() => {
      const adapter = this.adapter();
      if (adapter && !isHardened(adapter)) readStrictJson(adapter);
    });
  }

  /** Nest calls it before it registers the routes, and not in an application without HTTP. */
  configure(): void {
    const adapter = this.adapter();
    if (!adapter || isStrict(adapter)) return;
    // Before every other guard: an address that is not one of ours asks for no token.
    this.application.getGlobalGuards().unshift(new OwnRoutesGuard(this.controllers()));
    if (isHardened(adapter)) return;
    setAnswerHeaders(adapter);
    this.logger.warn(
      'The HTTP adapter is not one of Postern: time-outs, limits and strict addresses do not protect the routes of the application. ' +
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

/**
 * On both of a Fastify's servers (it opens a second one for a name of two addresses), for requests that are injected, and on each server
 * that the application opens for its Express.
 */
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
