import { assertKnownSettings } from 'postern/problem';
import { KNOWN_SETTINGS, NO_STRUCTURE } from './accounts.module-definition.js';
import type { AccountsSettings } from './accounts.module-definition.js';

/**
 * The settings of this lib with every default filled in, known to be sound. Inject it into a mailer of your own to read them.
 * @throws Error at boot, with a sentence that says what to write
 */
export class CheckedAccountsSettings {
  readonly production: boolean;
  readonly productName: string;

  constructor(settings: AccountsSettings) {
    assertKnownSettings('AccountsModule', settings, KNOWN_SETTINGS, NO_STRUCTURE);
    if (typeof settings.production !== 'boolean') {
      throw new Error(
        'AccountsModule: write production: true or production: false. It decides whether mail may be logged.',
      );
    }
    this.production = settings.production;
    this.productName = settings.productName ?? 'Postern';
  }
}
