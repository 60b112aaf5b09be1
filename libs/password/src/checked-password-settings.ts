import { SETTINGS } from './password.module-definition.js';
import type { PasswordSettings } from './password.module-definition.js';

/**
 * The validated settings of this lib, with every default filled in. Inject them into your hasher or policy.
 * @throws Error at boot, with a message that names the setting and the permitted values
 */
export class CheckedPasswordSettings extends SETTINGS.Checked {
  constructor(settings: PasswordSettings = {}) {
    super(settings);
    if (this.maximumBytes >= this.minimumLength * 4) return;
    throw new Error(
      'PasswordModule: maximumBytes must be at least four times minimumLength, because a character has up to four bytes.',
    );
  }
}
