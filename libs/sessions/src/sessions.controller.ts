import { Body, Controller, Delete, Get, HttpCode, Param, Post, Req, UseGuards } from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { isUUID } from 'class-validator';
import {
  CurrentPrincipal,
  FixedResponse,
  InvalidTokenError,
  JwtAuthGuard,
  MissingTokenError,
  NoImpersonation,
  OptionalAuth,
  OwnIssuerOnly,
  Public,
} from 'postern/auth';
import type { Principal } from 'postern/auth';
import { LimitAttempts } from 'postern/limits';
import { ApiProblems } from 'postern/problem';
import { NoActiveKeyError, SignerFailedError } from 'postern/tokens';
import { LogoutDto } from './dto/logout.dto.js';
import { RefreshDto } from './dto/refresh.dto.js';
import { SessionDto } from './dto/session.dto.js';
import { TokenPairDto } from './dto/token-pair.dto.js';
import { sessionContextOf } from './login/session-context.js';
import type { RequestLike } from './login/session-context.js';
import { RefreshTokenInvalidError, SessionMissingError, SessionNotFoundError } from './sessions.errors.js';
import { SessionsService } from './sessions.service.js';

/** The routes by which a user refreshes, lists and ends sessions. */
@FixedResponse()
@ApiTags('Sessions')
@Controller('auth')
@OwnIssuerOnly()
@NoImpersonation()
@UseGuards(JwtAuthGuard)
export class SessionsController {
  constructor(private readonly sessions: SessionsService) {}

  @Public()
  @Post('refresh')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'refresh',
    summary: 'Exchange a refresh token for new tokens',
    description:
      'Returns a new access token and the successor of the refresh token. Within the grace window (10 seconds by ' +
      'default) the old token returns the same successor again, for a second tab or a lost response. Later, or ' +
      'after the successor was used, reuse counts as theft and ends the session. Each rejected token gets the same error.',
  })
  @ApiOkResponse({ description: 'The next tokens of the session.', type: TokenPairDto })
  @LimitAttempts({ limits: ['token'], failures: [RefreshTokenInvalidError] })
  @ApiProblems(RefreshTokenInvalidError, NoActiveKeyError, SignerFailedError)
  async refresh(@Body() body: RefreshDto, @Req() request: RequestLike): Promise<TokenPairDto> {
    return TokenPairDto.from(await this.sessions.refresh(body.refresh_token, sessionContextOf(request)));
  }

  @OptionalAuth({ invalidToken: 'ignore' })
  @Post('logout')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'logout',
    summary: 'End this session',
    description:
      'Ends the session of the access token, of the refresh token in the body, or of both. The access and refresh ' +
      'tokens of the session become invalid at once. The refresh token suffices if the access token is absent or has ' +
      'expired. The response is the same for an unknown refresh token, and for one whose session has ended.',
  })
  @ApiBody({ type: LogoutDto, required: false })
  @ApiNoContentResponse({ description: 'The session has ended.' })
  @ApiProblems(SessionMissingError)
  async logout(
    @CurrentPrincipal() principal?: Principal,
    @Body() body?: LogoutDto,
    @Req() request: RequestLike = { headers: {} },
  ): Promise<void> {
    const refreshToken = body?.refresh_token;
    if (principal === undefined && refreshToken === undefined) {
      throw request.headers['authorization'] === undefined ? new MissingTokenError() : new InvalidTokenError();
    }
    if (refreshToken !== undefined) {
      await this.sessions.revokeByRefreshToken(refreshToken, sessionContextOf(request));
      // Without a session, the access token is absent, invalid, or the token of a service.
      if (principal?.sessionId === undefined) return;
    }
    const { userId, sessionId } = ownSessionOf(principal!);
    await this.sessions.revokeOwn(userId, sessionId, 'logout');
  }

  @Post('logout-all')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'logoutAll',
    summary: 'End all sessions of the user',
    description: 'Ends all sessions of the user on all devices, including the current one.',
  })
  @ApiNoContentResponse({ description: 'All sessions have ended.' })
  @ApiProblems(SessionMissingError)
  async logoutAll(@CurrentPrincipal() principal: Principal): Promise<void> {
    await this.sessions.revokeAll(ownSessionOf(principal).userId, { reason: 'logout-all' });
  }

  @Get('sessions')
  @ApiOperation({
    operationId: 'listSessions',
    summary: 'List the sessions of the user',
    description:
      'Lists the live sessions of the user, the most recently used first, and marks the current one. The number of sessions ' +
      'is limited: a login that exceeds it ends the least recently used session.',
  })
  @ApiOkResponse({ description: 'The sessions.', type: [SessionDto] })
  @ApiProblems(SessionMissingError)
  async listSessions(@CurrentPrincipal() principal: Principal): Promise<SessionDto[]> {
    const { userId, sessionId } = ownSessionOf(principal);
    const sessions = await this.sessions.list(userId);
    return sessions.map((session) => SessionDto.from(session, sessionId));
  }

  @Delete('sessions/:id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'endSession',
    summary: 'End one session of the user',
    description: 'Signs one device out. The sessions of other users count as not found.',
  })
  @ApiParam({
    name: 'id',
    description: 'The id of the session, from the list of sessions.',
    format: 'uuid',
    example: '019abfc2-617b-7000-a1b2-c3d4e5f60718',
  })
  @ApiNoContentResponse({ description: 'The session has ended.' })
  @ApiProblems(SessionMissingError, SessionNotFoundError)
  async endSession(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<void> {
    const { userId } = ownSessionOf(principal);
    if (!isUUID(id)) throw new SessionNotFoundError();
    const isEnded = await this.sessions.revokeOwn(userId, id, 'ended-by-user');
    if (!isEnded) throw new SessionNotFoundError();
  }
}

/** A token that the application issued itself may name a session or a subject that this server does not have. */
function ownSessionOf({ subject, sessionId }: Principal): { userId: string; sessionId: string } {
  if (sessionId === undefined || !isUUID(sessionId) || !isUUID(subject)) throw new SessionMissingError();
  return { userId: subject, sessionId };
}
