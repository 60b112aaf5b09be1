import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  Controller,
  Get,
  Headers,
  Logger,
  type OnModuleDestroy,
  type OnModuleInit,
  Query,
  Req,
  Res,
  UseGuards,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import {
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import {
  Clock,
  CurrentPrincipal,
  JwtAuthGuard,
  ForServices,
  OwnIssuerOnly,
  type Principal,
  RequireScopes,
  RevocationSet,
  RevocationsUnknownError,
  VerificationKeys,
} from 'postern/auth';
import { Refuses, ServiceUnavailableError } from 'postern/problem';
import { ServerMetadata } from 'postern/tokens';
import { FollowRevocationsDto } from './dto/follow-revocations.dto.js';
import { RevocationPageDto } from './dto/revocation-page.dto.js';
import { RevocationFeed } from './revocation-feed.js';
import { RevocationFeedPoll } from './revocation-feed-poll.js';
import { RevocationFeedStream } from './revocation-feed-stream.js';
import { RevocationProgress } from './revocation-progress.js';

/** Each of them costs a connection and some memory. */
const mostFollowers = 1000;

const page: RevocationPageDto = {
  reset: false,
  sets: ['eyJhbGciOiJFUzI1NiIsInR5cCI6InNlY2V2ZW50K2p3dCJ9.eyJpc3MiOiIuLi4ifQ.c2lnbmF0dXJl'],
  cursor: '4712.0b8e77f3',
  sequence: 4712,
  more_available: false,
};

const stream = `event: reset
data: {"reason":"start"}

event: set
data: ${page.sets[0]}

id: 4711.d5f2a9c1
event: position
data: {"sequence":4711}

id: ${page.cursor}
event: set
data: ${page.sets[0]}
`;

/** Tells other services what was revoked, as it happens. */
@ApiTags('Revocations')
@OwnIssuerOnly()
@ForServices()
@UseGuards(JwtAuthGuard)
// Whoever follows has its address from the metadata: it is the same whatever version the application is of.
@Controller({ path: 'auth', version: VERSION_NEUTRAL })
export class RevocationFeedController implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(RevocationFeedController.name);
  private readonly followers = new Set<AbortController>();
  private isStopping = false;

  constructor(
    private readonly feed: RevocationFeed,
    private readonly poll: RevocationFeedPoll,
    private readonly progress: RevocationProgress,
    private readonly revocations: RevocationSet,
    private readonly keys: VerificationKeys,
    private readonly clock: Clock,
    private readonly metadata: ServerMetadata,
  ) {}

  /** How many follow at this moment, by stream or by poll. */
  get followerCount(): number {
    return this.followers.size;
  }

  onModuleInit(): void {
    this.metadata.contribute({ revocations_uri: this.metadata.urlOf('auth/revocations') });
  }

  /** Ends every stream, so that closing the server does not wait for them. */
  onModuleDestroy(): void {
    this.isStopping = true;
    for (const follower of this.followers) follower.abort();
  }

  @RequireScopes('revocations:read')
  @Get('revocations')
  @ApiOperation({
    operationId: 'followRevocations',
    summary: 'Follow what is revoked',
    description:
      'For services that verify tokens by themselves: a snapshot of all revocations that can concern a living token, then ' +
      'each one as it happens. With `Accept: text/event-stream` a stream of events: `reset` (a snapshot begins), `set` (a ' +
      'signed Security Event Token) and `position` (all up to this place was told; every second, so that silence can be ' +
      'noticed). It goes on behind `Last-Event-ID`; who reads too slowly is cut off and comes back with it. Otherwise one ' +
      'JSON answer, at the latest after `wait` seconds. (Swagger UI cannot show a stream that has no end: it shows what comes ' +
      'in the first five seconds.)',
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    description: 'Where to go on: the `id` of the last event that was read.',
    required: false,
    example: '4711.d5f2a9c1',
  })
  @ApiExtraModels(RevocationPageDto)
  @ApiProduces('application/json', 'text/event-stream')
  @ApiOkResponse({
    description: 'What was revoked.',
    content: {
      'application/json': { schema: { $ref: getSchemaPath(RevocationPageDto) }, example: page },
      'text/event-stream': { schema: { type: 'string' }, example: stream },
    },
  })
  @Refuses(RevocationsUnknownError, ServiceUnavailableError)
  async followRevocations(
    @Query() query: FollowRevocationsDto,
    @Req() request: RequestOfEither,
    @Res() response: ResponseOfEither,
    @Headers('accept') accept: string | undefined,
    @Headers('last-event-id') lastEventId: string | undefined,
    @CurrentPrincipal() principal: Principal,
  ): Promise<void> {
    if (this.isStopping || this.followerCount >= mostFollowers) throw new ServiceUnavailableError();
    const follower = new AbortController();
    const raw = rawOf(response);
    const leave = (): void => follower.abort();
    // Its connection tells that it has gone: an answer that waits behind another one on the same connection is never closed.
    const { socket } = request;
    socket.once('close', leave);
    raw.once('error', leave);
    if (socket.destroyed) leave();
    this.followers.add(follower);
    try {
      this.feed.assertKnown();
      // A HEAD asks for what a GET would answer at once, without its body.
      const isStreamed = /(?:^|[\s,])text\/event-stream\b/i.test(accept ?? '') && request.method !== 'HEAD';
      if (isStreamed) {
        await this.stream(take(response), lastEventId ?? query.after, principal, follower.signal);
      } else {
        // As a stream does, it ends with the token of its follower.
        const secondsLeft = Math.max(0, principal.expiresAt - this.clock.now() / 1000);
        const wait = request.method === 'HEAD' ? 0 : Math.min(query.wait ?? 0, secondsLeft);
        const answer = await this.poll.page(query.after, wait, follower.signal);
        take(response).writeHead(200, jsonHeaders).end(JSON.stringify(answer));
      }
    } finally {
      socket.off('close', leave);
      raw.off('error', leave);
      this.followers.delete(follower);
    }
  }

  private async stream(
    response: ServerResponse,
    cursor: string | undefined,
    principal: Principal,
    signal: AbortSignal,
  ): Promise<void> {
    const assertAllowed = (): void => this.assertAllowed(principal);
    try {
      await new RevocationFeedStream(this.feed, this.progress, response, assertAllowed, signal).run(cursor);
    } catch (error) {
      if (!signal.aborted) this.logger.debug(`A stream of revocations ends: ${String(error)}`);
      // The answer has begun: its end is all that can still be told, and not even that to who does not read.
      if (response.writableNeedDrain) response.destroy();
      else response.end();
    }
  }

  private assertAllowed(principal: Principal): void {
    const isAlive =
      principal.expiresAt * 1000 > this.clock.now() &&
      !this.revocations.isRevoked(principal) &&
      this.keys.isLive(principal.issuer, principal.keyId);
    if (!isAlive) throw new Error('its token has expired or was revoked');
  }
}

const jsonHeaders = { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' };

/** Express's request is node's; Fastify's has its method and its connection, too. */
type RequestOfEither = Pick<IncomingMessage, 'method' | 'socket'>;

/** Express's response is node's; Fastify's holds it, and has to be told that it is answered elsewhere. */
interface ResponseOfEither {
  readonly raw?: ServerResponse;
  hijack?(): void;
}

function rawOf(response: ResponseOfEither): ServerResponse {
  return response.raw ?? (response as ServerResponse);
}

function take(response: ResponseOfEither): ServerResponse {
  response.hijack?.();
  return rawOf(response);
}
