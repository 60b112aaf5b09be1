import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { SettingNames } from './settings/known-settings.js';

/** The settings of the problem lib. */
export interface ProblemSettings {
  /** The base URL of the documentation: `type` is this URL followed by the code (default: `about:blank`). */
  documentation?: string | undefined;
}

/** Every name of the settings. */
export const KNOWN_SETTINGS: SettingNames<Required<ProblemSettings>> = { documentation: true };

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<ProblemSettings>()
  .setClassMethodName('forRoot')
  .setExtras({}, (definition) => ({ ...definition, global: true }))
  .build();
