import { Module } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from './problem.module-definition.js';
import { ProblemFilter } from './problem.filter.js';
import { ProblemValidationPipe } from './problem-validation.pipe.js';

/**
 * Makes every refusal of the application a problem document, and checks every body, query and path parameter.
 *
 * @example
 * imports: [ProblemModule.forRoot({ documentation: 'https://example.com/problems/' })]
 */
@Module({
  providers: [
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_PIPE, useClass: ProblemValidationPipe },
  ],
  // For the RefusalFilter of other modules.
  exports: [MODULE_OPTIONS_TOKEN],
})
export class ProblemModule extends ConfigurableModuleClass {}
