import { Body, Controller, Header, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal, Public, JwtAuthGuard, NoImpersonation, OwnIssuerOnly, FixedResponse } from 'postern/auth';
import type { Principal } from 'postern/auth';
import { TooManyRequestsError } from 'postern/limits';
import { ApiProblems, ValidationFailedError } from 'postern/problem';
import { ipAddressOf, sessionContextOf, TokenPairDto } from 'postern/sessions';
import type { RequestLike } from 'postern/sessions';
import { NoActiveKeyError, SignerFailedError } from 'postern/tokens';
import { normalizeEmail } from 'postern/users';
import { ChangePasswordDto } from './dto/change-password.dto.js';
import { LoginDto } from './dto/login.dto.js';
import { KnownDevices } from './guessing/known-devices.js';
import type { DeviceResponse } from './guessing/known-devices.js';
import { PasswordChange } from './password-change.js';
import { PasswordLogin } from './password-login.js';
import {
  CurrentPasswordWrongError,
  HashingOverloadedError,
  InvalidCredentialsError,
  PasswordRejectedError,
} from './password.errors.js';

/** The routes for login and password change. */
@FixedResponse()
@ApiTags('Authentication')
@Controller('auth')
@OwnIssuerOnly()
@UseGuards(JwtAuthGuard)
export class PasswordController {
  constructor(
    private readonly logins: PasswordLogin,
    private readonly changes: PasswordChange,
    private readonly devices: KnownDevices,
  ) {}

  /** Logs the user in. */
  @Post('login')
  @Public()
  @HttpCode(200)
  // RFC 6749 §5.1: caches must not store a response with tokens.
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'login',
    summary: 'Log in with e-mail address and password',
    description:
      'Starts a session. Returns an access token for the `Authorization` header, and a refresh token that `POST /auth/refresh` exchanges for the next pair. Every failed login has the same response. A successful login also sends a token of the device, as a cookie and as the header `Postern-Device`: send it with the next login, and wrong passwords from elsewhere do not delay it.',
  })
  @ApiOkResponse({ type: TokenPairDto, description: 'The tokens of the new session.' })
  @ApiProblems(
    ValidationFailedError,
    InvalidCredentialsError,
    TooManyRequestsError,
    HashingOverloadedError,
    NoActiveKeyError,
    SignerFailedError,
  )
  async login(
    @Body() { email, password }: LoginDto,
    @Req() request: RequestLike,
    @Res({ passthrough: true }) response?: DeviceResponse,
  ): Promise<TokenPairDto> {
    const context = sessionContextOf(request, ['pwd']);
    const pair = await this.logins.login(email, password, context, this.devices.tokenOf(request));
    if (response !== undefined) this.devices.remember(normalizeEmail(email), request, response);
    return TokenPairDto.from(pair);
  }

  /** Changes the password of the signed-in user. */
  @Post('password/change')
  @NoImpersonation()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'changePassword',
    summary: 'Change the password',
    description:
      'Verifies the current password, stores the new password, and ends every other session of the user. The session of the caller stays.',
  })
  @ApiNoContentResponse({ description: 'The password has changed, and the other sessions have ended.' })
  @ApiProblems(
    ValidationFailedError,
    PasswordRejectedError.of('/newPassword', [
      { code: 'password-too-common', detail: 'This password is too common and easy to guess.' },
    ]),
    CurrentPasswordWrongError,
    TooManyRequestsError,
    HashingOverloadedError,
  )
  async changePassword(
    @Body() { currentPassword, newPassword }: ChangePasswordDto,
    @CurrentPrincipal() { subject, sessionId }: Principal,
    @Req() request?: RequestLike,
  ): Promise<void> {
    const ipAddress = ipAddressOf(request?.ip);
    const acceptLanguage = request?.headers['accept-language']?.toString();
    await this.changes.change({
      userId: subject,
      currentPassword,
      newPassword,
      sessionId,
      ipAddress,
      acceptLanguage,
    });
  }
}
