import { Body, Controller, Header, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { FixedResponse, Public } from 'postern/auth';
import { LimitAttempts } from 'postern/limits';
import { ApiProblems, ValidationFailedError } from 'postern/problem';
import { sessionContextOf, TokenPairDto } from 'postern/sessions';
import type { RequestLike } from 'postern/sessions';
import { NoActiveKeyError, SignerFailedError } from 'postern/tokens';
import { MagicLinkOtherBrowserError, OneTimeTokenInvalidError } from '../accounts.errors.js';
import { MailSentDto } from '../dto/mail-sent.dto.js';
import { acceptLanguageOf } from '../links/accept-language.js';
import { BrowserBinding } from './browser-binding.js';
import { MagicLinkLogin } from './magic-link-login.js';
import { MagicLinkDto, MagicLinkLoginDto, MagicLinkSentDto } from './magic-link.dto.js';
import { SendMagicLink } from './send-magic-link.js';

/** RFC 8176 registers no method for a link in a mail. `otp` would look like a second factor. */
const AMR = ['email'];

/** The members that the responses of Fastify and Express share. */
interface ResponseLike {
  header(name: string, value: string): unknown;
}

/** The routes for a login by a link in a mail. They are off by default. */
@FixedResponse()
@ApiTags('Accounts by mail')
@Controller('auth/magic-link')
export class MagicLinkController {
  @Inject(SendMagicLink) protected readonly sender!: SendMagicLink;
  @Inject(MagicLinkLogin) protected readonly logins!: MagicLinkLogin;
  @Inject(BrowserBinding) protected readonly browsers!: BrowserBinding;

  /** Sends the link. */
  @Post()
  @LimitAttempts({ limits: ['mailAddress', 'mailNetwork'] })
  @Public()
  @HttpCode(202)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'sendMagicLink',
    summary: 'Request a link to log in',
    description:
      'Sends a link if the address belongs to an enabled user. The link works once, and only in the browser that ' +
      'requested it: the response sets a cookie, or has a `browserCode`. A newer link replaces the older one.',
  })
  @ApiAcceptedResponse({ type: MagicLinkSentDto, description: 'The same response for every address.' })
  @ApiProblems(ValidationFailedError)
  async sendMagicLink(
    @Body() { email, binding = 'cookie' }: MagicLinkDto,
    @Req() request: RequestLike,
    @Res({ passthrough: true }) response: ResponseLike,
  ): Promise<MagicLinkSentDto> {
    const { code, hash } = this.browsers.issue();
    await this.sender.send(email, hash, acceptLanguageOf(request));
    if (binding === 'code') return { message: MailSentDto.response.message, browserCode: code };
    response.header('Set-Cookie', this.browsers.cookieOf(code));
    return MailSentDto.response;
  }

  /** Logs the user in. */
  @Post('login')
  @LimitAttempts({ limits: ['token'], failures: [OneTimeTokenInvalidError, MagicLinkOtherBrowserError] })
  @Public()
  @HttpCode(200)
  // RFC 6749 §5.1: caches must not store a response with tokens.
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'logInByMagicLink',
    summary: 'Log in by a link',
    description:
      'Starts a session, as `POST /auth/login` does. In another browser, the link is rejected and stays valid. If the ' +
      'address was not verified before, it is now, and the password and all other sessions of the account end.',
  })
  @ApiOkResponse({ type: TokenPairDto, description: 'The tokens of the new session.' })
  @ApiProblems(
    ValidationFailedError,
    OneTimeTokenInvalidError,
    MagicLinkOtherBrowserError,
    NoActiveKeyError,
    SignerFailedError,
  )
  async logInByMagicLink(
    @Body() { token, browserCode }: MagicLinkLoginDto,
    @Req() request: RequestLike,
  ): Promise<TokenPairDto> {
    const codes = browserCode === undefined ? this.browsers.codesIn(request) : [browserCode];
    const context = sessionContextOf(request, AMR);
    return TokenPairDto.from(await this.logins.login(token, this.browsers, codes, context));
  }
}
