import { Controller, Get, Header, Inject, Req, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from 'postern/auth';
import { CheckedMailSettings, mailLanguageOf } from 'postern/mail';
import type { RequestLike } from 'postern/sessions';
import { acceptLanguageOf } from './accept-language.js';
import type { AccountFlow } from './account-flow.js';
import { ACCOUNT_PAGE_POLICY, accountPage } from './account-page.js';
import { ACCOUNT_PAGES } from './account-pages.js';

/** Everything that a page may load, and no cache and no referrer. */
const PageHeaders: MethodDecorator = (target, key, descriptor) => {
  Header('Content-Type', 'text/html; charset=utf-8')(target, key, descriptor);
  Header('Content-Security-Policy', ACCOUNT_PAGE_POLICY)(target, key, descriptor);
  Header('Referrer-Policy', 'no-referrer')(target, key, descriptor);
  Header('Cache-Control', 'no-store')(target, key, descriptor);
};

/** The pages that the links in mails open, unless the setting `links` names pages of your front end. */
@ApiExcludeController()
@Public()
@Controller({ path: 'account', version: VERSION_NEUTRAL })
export class AccountPagesController {
  @Inject(CheckedMailSettings) private readonly mail!: CheckedMailSettings;

  /** Shows the page that verifies an address. */
  @Get('verify-email')
  @PageHeaders
  showVerifyEmail(@Req() request: RequestLike): string {
    return this.page('verifyEmail', request);
  }

  /** Shows the page that confirms a new address. */
  @Get('confirm-email-change')
  @PageHeaders
  showConfirmEmailChange(@Req() request: RequestLike): string {
    return this.page('confirmEmailChange', request);
  }

  /** Shows the page that undoes a change of the address. */
  @Get('undo-email-change')
  @PageHeaders
  showUndoEmailChange(@Req() request: RequestLike): string {
    return this.page('undoEmailChange', request);
  }

  /** Shows the page for a new password. */
  @Get('reset-password')
  @PageHeaders
  showResetPassword(@Req() request: RequestLike): string {
    return this.page('resetPassword', request);
  }

  /** Shows the page that accepts an invitation. */
  @Get('accept-invitation')
  @PageHeaders
  showAcceptInvitation(@Req() request: RequestLike): string {
    return this.page('acceptInvitation', request);
  }

  /** Shows the page that logs in by a link. */
  @Get('magic-link')
  @PageHeaders
  showMagicLink(@Req() request: RequestLike): string {
    return this.page('magicLink', request);
  }

  private page(flow: AccountFlow, request: RequestLike): string {
    const language = mailLanguageOf(undefined, acceptLanguageOf(request));
    return accountPage(ACCOUNT_PAGES[flow], language, this.mail.productName);
  }
}
