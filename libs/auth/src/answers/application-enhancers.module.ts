import { Module } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { keepErrorHeaders, replaceGlobalEnhancers } from 'postern/problem';
import { withoutFixedResponse } from './without-fixed-response.js';
import type { NestModule } from '@nestjs/common';

/** Protects the errors and the fixed responses of Postern from the application's global filters and interceptors. */
@Module({})
export class ApplicationEnhancersModule implements NestModule {
  constructor(private readonly application: ApplicationConfig) {}

  /** Nest calls this after it has collected the global filters and interceptors, and before it registers the routes. */
  configure(): void {
    const { application } = this;
    keepErrorHeaders(application);
    replaceGlobalEnhancers(
      application.getGlobalInterceptors(),
      application.getGlobalRequestInterceptors(),
      withoutFixedResponse,
    );
  }
}
