import { Inject, Module } from '@nestjs/common';
import type { NestModule } from '@nestjs/common';
import { APP_PIPE, ApplicationConfig } from '@nestjs/core';
import { keepErrorHeaders } from './answers/error-headers.js';
import { missingSettings } from './settings/missing-settings.js';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, SETTINGS } from './problem.module-definition.js';
import type { ProblemSettings } from './problem.module-definition.js';
import { ProblemFilter } from './problem.filter.js';
import { ProblemValidationPipe } from './problem-validation.pipe.js';

/**
 * Sends each error of the application as a problem document, and validates bodies, queries and path parameters.
 *
 * @example
 * ```ts
 * imports: [ProblemModule.forRoot({ documentation: 'https://example.com/problems/' })]
 * ```
 */
@Module({
  providers: [
    missingSettings('ProblemModule', MODULE_OPTIONS_TOKEN),
    ProblemFilter,
    { provide: APP_PIPE, useClass: ProblemValidationPipe },
  ],
  // For the AuthErrorFilter of other modules.
  exports: [MODULE_OPTIONS_TOKEN],
})
export class ProblemModule extends ConfigurableModuleClass implements NestModule {
  /** @throws Error at boot if a setting is unknown */
  constructor(
    private readonly application: ApplicationConfig,
    filter: ProblemFilter,
    @Inject(MODULE_OPTIONS_TOKEN) settings: ProblemSettings,
  ) {
    super();
    SETTINGS.read(settings);
    // Nest calls global filters from the last to the first. This one catches all errors, so it must be the last called.
    application.getGlobalFilters().unshift(filter);
  }

  /** Nest calls this after it has collected the global filters, and before it registers the routes. */
  configure(): void {
    keepErrorHeaders(this.application);
  }
}
