import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { SettingNames } from './settings/known-settings.js';

/** The settings of the problem lib. */
export interface ProblemSettings {
  /** Where the problems are documented: `type` becomes this address followed by the code. Default: `about:blank`. */
  documentation?: string | undefined;
}

/** Every name of the settings. */
export const KNOWN_SETTINGS: SettingNames<Required<ProblemSettings>> = { documentation: true };

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<ProblemSettings>()
  .setClassMethodName('forRoot')
  .setExtras({}, (definition) => ({ ...definition, global: true }))
  .build();
