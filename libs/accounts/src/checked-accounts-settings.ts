import { assertKnownSettings } from 'postern/problem';
import { KNOWN_SETTINGS, NO_STRUCTURE } from './accounts.module-definition.js';
import type { AccountsSettings } from './accounts.module-definition.js';

/**
 * The settings of this lib, checked and complete. Inject it into your own mailer to read them.
 * @throws Error at boot; it says what to write
 */
export class CheckedAccountsSettings {
  readonly production: boolean;
  readonly productName: string;

  constructor(settings: AccountsSettings) {
    assertKnownSettings('AccountsModule', settings, KNOWN_SETTINGS, NO_STRUCTURE);
    if (typeof settings.production !== 'boolean') {
      throw new Error('AccountsModule: set production: true or production: false. Mail is logged only if it is false.');
    }
    this.production = settings.production;
    this.productName = settings.productName ?? 'Postern';
  }
}
