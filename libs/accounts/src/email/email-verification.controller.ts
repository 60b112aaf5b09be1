import { Body, Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { FixedResponse, Public } from 'postern/auth';
import { LimitAttempts } from 'postern/limits';
import { ApiProblems, ValidationFailedError } from 'postern/problem';
import type { RequestLike } from 'postern/sessions';
import { OneTimeTokenInvalidError } from '../accounts.errors.js';
import { EmailDto } from '../dto/email.dto.js';
import { MailSentDto } from '../dto/mail-sent.dto.js';
import { OneTimeTokenDto } from '../dto/one-time-token.dto.js';
import { acceptLanguageOf } from '../links/accept-language.js';
import { VerifyEmail } from './verify-email.js';

/** The routes that verify the address of a user. */
@FixedResponse()
@ApiTags('Accounts by mail')
@Controller('auth/email')
export class EmailVerificationController {
  @Inject(VerifyEmail) protected readonly verification!: VerifyEmail;

  /** Verifies the address. */
  @Post('verify')
  @LimitAttempts({ limits: ['token'], failures: [OneTimeTokenInvalidError] })
  @Public()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'verifyEmail',
    summary: 'Verify an e-mail address',
    description: 'Marks the address as verified to which the token was sent. The token works once.',
  })
  @ApiNoContentResponse({ description: 'The address is verified.' })
  @ApiProblems(ValidationFailedError, OneTimeTokenInvalidError)
  async verifyEmail(@Body() { token }: OneTimeTokenDto): Promise<void> {
    await this.verification.verify(token);
  }

  /** Sends the link again. */
  @Post('resend')
  @LimitAttempts({ limits: ['mailAddress', 'mailNetwork'] })
  @Public()
  @HttpCode(202)
  @ApiOperation({
    operationId: 'resendVerification',
    summary: 'Send the link of the verification again',
    description: 'Sends a mail if the address belongs to a user and is not verified. Older links become invalid.',
  })
  @ApiAcceptedResponse({ type: MailSentDto, description: 'The same response for every address.' })
  @ApiProblems(ValidationFailedError)
  async resendVerification(@Body() { email }: EmailDto, @Req() request?: RequestLike): Promise<MailSentDto> {
    await this.verification.resend(email, acceptLanguageOf(request));
    return MailSentDto.response;
  }
}
