import { setting, settings } from 'postern/problem';
import type { AccountFlow } from './links/account-flow.js';

/** A value for each flow; the default applies if it is left out. */
export type ByFlow<T> = { readonly [K in AccountFlow]?: T | undefined };

/** The settings of `AccountsModule`. Plain data, checked at boot; every setting has a default. */
export interface AccountsSettings {
  /**
   * Whether a login needs a verified e-mail address. A registration then has the same response for every address, and
   * the mail says whether there is an account. Default: `false`.
   */
  requireVerifiedEmail?: boolean | undefined;
  /**
   * The pages of your front end, such as `{ resetPassword: 'https://app.acme.com/reset' }`. Postern adds `#token=…`. By
   * default, a mail has a link to a page of Postern below `publicUrl`.
   */
  links?: ByFlow<string> | undefined;
  /** How long a link is valid, in seconds. */
  linkSeconds?: ByFlow<number> | undefined;
}

/** The names of the classes, which the settings must not have. */
type StructureName = 'user' | 'controller' | 'firstAdministrator' | 'controllers' | 'flows' | 'imports';

const HOUR = 3600;
const MAX_SECONDS = 30 * 24 * HOUR;
const seconds = (usual: number) => setting.wholeNumber(usual, { min: 60, max: MAX_SECONDS });
const page = () => setting.custom<string | undefined>(pageProblem);

export const SETTINGS = settings<AccountsSettings, Record<StructureName, unknown>>()(
  'AccountsModule',
  {
    requireVerifiedEmail: setting.flag(false),
    links: setting.nested(
      settings<ByFlow<string>>()('links', {
        verifyEmail: page(),
        confirmEmailChange: page(),
        undoEmailChange: page(),
        resetPassword: page(),
        acceptInvitation: page(),
        magicLink: page(),
      }),
    ),
    linkSeconds: setting.nested(
      settings<ByFlow<number>>()('linkSeconds', {
        verifyEmail: seconds(24 * HOUR),
        confirmEmailChange: seconds(24 * HOUR),
        undoEmailChange: seconds(72 * HOUR),
        resetPassword: seconds(HOUR),
        acceptInvitation: seconds(7 * 24 * HOUR),
        magicLink: seconds(HOUR / 4),
      }),
    ),
  },
  { user: true, controller: true, firstAdministrator: true, controllers: true, flows: true, imports: true },
);

function pageProblem(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const isPage = typeof value === 'string' && /^https?:\/\/[^/]/.test(value) && URL.canParse(value);
  return isPage && !/[#\s]/.test(value)
    ? undefined
    : 'must be the address of a page without a fragment, such as https://app.acme.com/reset.';
}
