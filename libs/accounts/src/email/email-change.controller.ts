import { Body, Controller, HttpCode, Inject, Post, Req, UseGuards } from '@nestjs/common';
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  CurrentPrincipal,
  FixedResponse,
  InvalidTokenError,
  JwtAuthGuard,
  NoImpersonation,
  OwnIssuerOnly,
  Public,
} from 'postern/auth';
import type { Principal } from 'postern/auth';
import { LimitAttempts } from 'postern/limits';
import { HashingOverloadedError } from 'postern/password';
import { ApiProblems, ValidationFailedError } from 'postern/problem';
import { ipAddressOf } from 'postern/sessions';
import type { RequestLike } from 'postern/sessions';
import {
  ConfirmationUnavailableError,
  EmailTakenError,
  IdentityConfirmation,
  IdentityNotConfirmedError,
  UsersService,
} from 'postern/users';
import { OneTimeTokenInvalidError } from '../accounts.errors.js';
import { ChangeEmailDto } from '../dto/email.dto.js';
import { MailSentDto } from '../dto/mail-sent.dto.js';
import { OneTimeTokenDto } from '../dto/one-time-token.dto.js';
import { acceptLanguageOf } from '../links/accept-language.js';
import { ChangeEmail } from './change-email.js';
import { UndoEmailChange } from './undo-email-change.js';

/** The routes that change the address of a user. */
@FixedResponse()
@ApiTags('Accounts by mail')
@Controller('auth/email/change')
@OwnIssuerOnly()
@UseGuards(JwtAuthGuard)
export class EmailChangeController {
  @Inject(ChangeEmail) protected readonly changes!: ChangeEmail;
  @Inject(UndoEmailChange) protected readonly undoing!: UndoEmailChange;
  @Inject(IdentityConfirmation) protected readonly confirmation!: IdentityConfirmation;
  @Inject(UsersService) protected readonly users!: UsersService;

  /** Sends the link that confirms the new address. */
  @Post()
  @LimitAttempts({ limits: ['mailAddress'] })
  @NoImpersonation()
  @HttpCode(202)
  @ApiOperation({
    operationId: 'changeEmail',
    summary: 'Change the e-mail address',
    description:
      'Sends a link to the new address, after the password was verified. The address changes when the link is confirmed. ' +
      'The response is the same if the address belongs to another user, who gets a notice.',
  })
  @ApiAcceptedResponse({ type: MailSentDto, description: 'A mail was sent to the new address.' })
  @ApiProblems(ValidationFailedError, IdentityNotConfirmedError, ConfirmationUnavailableError, HashingOverloadedError)
  async changeEmail(
    @Body() { email, password }: ChangeEmailDto,
    @CurrentPrincipal() { subject }: Principal,
    @Req() request?: RequestLike,
  ): Promise<MailSentDto> {
    const ipAddress = ipAddressOf(request?.ip);
    await this.confirmation.confirm(subject, { password, ...(ipAddress !== undefined && { ipAddress }) });
    const user = await this.users.findById(subject);
    // A verifier that has not yet received the revocation still accepts the token.
    if (!user || user.disabledAt) throw new InvalidTokenError();
    await this.changes.request(user, email, acceptLanguageOf(request));
    return MailSentDto.response;
  }

  /** Confirms the new address. */
  @Post('confirm')
  @LimitAttempts({ limits: ['token'], failures: [OneTimeTokenInvalidError] })
  @Public()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'confirmEmailChange',
    summary: 'Confirm the new e-mail address',
    description:
      'Stores the address to which the token was sent, as verified. The former address gets a notice with a link that undoes the change.',
  })
  @ApiNoContentResponse({ description: 'The address has changed.' })
  @ApiProblems(ValidationFailedError, OneTimeTokenInvalidError, EmailTakenError)
  async confirmEmailChange(@Body() { token }: OneTimeTokenDto, @Req() request?: RequestLike): Promise<void> {
    await this.changes.confirm(token, acceptLanguageOf(request));
  }

  /** Undoes the change. */
  @Post('undo')
  @LimitAttempts({ limits: ['token'], failures: [OneTimeTokenInvalidError] })
  @Public()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'undoEmailChange',
    summary: 'Undo a change of the e-mail address',
    description:
      'Restores the former address, deletes the password, ends all sessions, and sends a link for a new password to the restored address.',
  })
  @ApiNoContentResponse({ description: 'The former address is restored.' })
  @ApiProblems(ValidationFailedError, OneTimeTokenInvalidError, EmailTakenError)
  async undoEmailChange(@Body() { token }: OneTimeTokenDto, @Req() request?: RequestLike): Promise<void> {
    await this.undoing.undo(token, acceptLanguageOf(request));
  }
}
