import { ConfigurableModuleBuilder } from '@nestjs/common';

/** The settings of the problem lib. */
export interface ProblemSettings {
  /** Where the problems are documented: `type` becomes this address followed by the code. Default: `about:blank`. */
  documentation?: string;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<ProblemSettings>()
  .setClassMethodName('forRoot')
  .setExtras({}, (definition) => ({ ...definition, global: true }))
  .build();
