import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { FixedResponse, Public } from 'postern/auth';
import { LimitAttempts } from 'postern/limits';
import { HashingOverloadedError, KnownDevices, PasswordRejectedError } from 'postern/password';
import { ApiProblems, ValidationFailedError } from 'postern/problem';
import { ipAddressOf } from 'postern/sessions';
import type { RequestLike } from 'postern/sessions';
import { OneTimeTokenInvalidError } from '../accounts.errors.js';
import { EmailDto } from '../dto/email.dto.js';
import { MailSentDto } from '../dto/mail-sent.dto.js';
import { ResetPasswordDto } from '../dto/one-time-token.dto.js';
import { acceptLanguageOf } from '../links/accept-language.js';
import { ForgotPassword } from './forgot-password.js';
import { ResetPassword } from './reset-password.js';

/** The members that the responses of Fastify and Express share. */
interface ResponseLike {
  header(name: string, value: string): unknown;
}

/** The routes for a forgotten password. */
@FixedResponse()
@ApiTags('Accounts by mail')
@Controller('auth/password')
export class PasswordResetController {
  @Inject(ForgotPassword) protected readonly forgotten!: ForgotPassword;
  @Inject(ResetPassword) protected readonly resets!: ResetPassword;
  @Inject(KnownDevices) protected readonly devices!: KnownDevices;

  /** Sends the link for a new password. */
  @Post('forgot')
  @LimitAttempts({ limits: ['mailAddress', 'mailNetwork'] })
  @Public()
  @HttpCode(202)
  @ApiOperation({
    operationId: 'forgotPassword',
    summary: 'Request a new password',
    description: 'Sends a link for a new password if the address belongs to a user. Older links become invalid.',
  })
  @ApiAcceptedResponse({ type: MailSentDto, description: 'The same response for every address.' })
  @ApiProblems(ValidationFailedError)
  async forgotPassword(@Body() { email }: EmailDto, @Req() request?: RequestLike): Promise<MailSentDto> {
    await this.forgotten.requestFor(email, acceptLanguageOf(request));
    return MailSentDto.response;
  }

  /** Sets the new password. */
  @Post('reset')
  @LimitAttempts({ limits: ['token'], failures: [OneTimeTokenInvalidError] })
  @Public()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'resetPassword',
    summary: 'Set a new password by a link',
    description:
      'Stores the password, ends all sessions of the user, and notifies the user by mail. It starts no session: call `POST /auth/login`. It also sends a token of the device as a login does, so that wrong passwords from elsewhere do not delay the owner.',
  })
  @ApiNoContentResponse({ description: 'The password has changed, and all sessions have ended.' })
  @ApiProblems(
    ValidationFailedError,
    OneTimeTokenInvalidError,
    PasswordRejectedError.of('/password', [
      { code: 'password-too-common', detail: 'This password is too common and easy to guess.' },
    ]),
    HashingOverloadedError,
  )
  async resetPassword(
    @Body() { token, password }: ResetPasswordDto,
    @Req() request?: RequestLike,
    @Res({ passthrough: true }) response?: ResponseLike,
  ): Promise<void> {
    const context = { ipAddress: ipAddressOf(request?.ip), acceptLanguage: acceptLanguageOf(request) };
    const email = await this.resets.reset(token, password, context);
    if (request && response) this.devices.remember(email, request, response);
  }
}
