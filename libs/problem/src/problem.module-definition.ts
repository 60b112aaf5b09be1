import { ConfigurableModuleBuilder } from '@nestjs/common';
import { setting } from './settings/setting.js';
import { settings } from './settings/settings.js';

/** The settings of the problem lib. */
export interface ProblemSettings {
  /** The base URL of the documentation: `type` is this URL followed by the code (default: `about:blank`). */
  documentation?: string | undefined;
}

export const SETTINGS = settings<ProblemSettings>()('ProblemModule', { documentation: setting.unchecked() });

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<ProblemSettings>()
  .setClassMethodName('forRoot')
  .setExtras({}, (definition) => ({ ...definition, global: true }))
  .build();
