import { SETTINGS } from './accounts.settings.js';

/**
 * The settings of this lib, checked and complete.
 * @throws Error at boot; it says what to write
 */
export class CheckedAccountsSettings extends SETTINGS.Checked {}
