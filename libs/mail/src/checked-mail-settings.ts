import { SETTINGS } from './mail.module-definition.js';
import type { MailSettings } from './mail.module-definition.js';
import { linkBelow } from './public-url.js';

/**
 * The settings of this lib, checked and complete, without secrets.
 * @throws Error at boot; it says what to write
 */
export class CheckedMailSettings extends SETTINGS.Checked {
  constructor(settings: MailSettings) {
    super(settings);
    const { protocol, hostname } = new URL(this.publicUrl);
    if (this.production && protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) {
      throw new Error(
        'MailModule: "publicUrl" must begin with https:// in production, unless it is a loopback address.',
      );
    }
  }

  /**
   * Returns a link below `publicUrl`, for a mail. It never depends on a header of a request.
   * @param path begins with one `/`
   * @throws Error if the path could name another host
   */
  linkTo(path: string, parameters: Readonly<Record<string, string>> = {}): string {
    return linkBelow(this.publicUrl, path, parameters);
  }
}
