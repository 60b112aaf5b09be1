import { SETTINGS } from './accounts.settings.js';

/**
 * The settings of this lib, checked and complete.
 * @throws Error at boot; it says what to write
 */
export class CheckedAccountsSettings extends SETTINGS.Checked {
  /** Without the pages of Postern, each link needs a page of the application. @throws Error that names the setting */
  assertEveryLink(): void {
    const missing = Object.entries(this.links).find(([, page]) => page === undefined)?.[0];
    if (missing === undefined) return;
    throw new Error(
      `AccountsModule has no pages, so a mail needs the address of your page: set links: { ${missing}: 'https://…' }.`,
    );
  }
}
