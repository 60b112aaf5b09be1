import { Body, Controller, Header, HttpCode, Post, Req } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { CurrentPrincipal, type Principal, Public } from 'postern/auth';
import { ChangePasswordDto, InvalidCredentialsError, LoginDto, PasswordChange, PasswordLogin } from 'postern/password';
import { Refuses } from 'postern/problem';
import { type RequestLike, sessionContextOf, TokenPairDto } from 'postern/sessions';

/** Acme's own routes of passwords, in the place of the shipped ones: another address, the same services. */
@Controller('staff')
export class StaffPasswordController {
  constructor(
    private readonly logins: PasswordLogin,
    private readonly changes: PasswordChange,
  ) {}

  @Post('login')
  @Public()
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Log in as staff', description: 'Answers with the tokens of a new session.' })
  @ApiOkResponse({ description: 'The tokens.', type: TokenPairDto })
  @Refuses(InvalidCredentialsError)
  async staffLogin(@Body() { email, password }: LoginDto, @Req() request: RequestLike): Promise<TokenPairDto> {
    return TokenPairDto.from(await this.logins.login(email, password, sessionContextOf(request, ['pwd'])));
  }

  @Post('password')
  @HttpCode(204)
  @ApiOperation({ summary: 'Change the password', description: 'Ends all other sessions.' })
  @ApiNoContentResponse({ description: 'It is changed.' })
  async staffChangePassword(
    @Body() { currentPassword, newPassword }: ChangePasswordDto,
    @CurrentPrincipal() { subject, sessionId }: Principal,
  ): Promise<void> {
    await this.changes.change({ userId: subject, currentPassword, newPassword, sessionId });
  }
}
