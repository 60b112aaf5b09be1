import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS, SESSIONS_SETTINGS } from './sessions.module-definition.js';
import type { SessionsSettings } from './sessions.module-definition.js';

/** The settings of this lib, checked and complete. */
@Injectable()
export class CheckedSessionsSettings extends SETTINGS.Checked {
  /** @throws Error at boot; it names the setting and its bounds */
  constructor(@Inject(SESSIONS_SETTINGS) settings: SessionsSettings) {
    super(settings);
  }
}
