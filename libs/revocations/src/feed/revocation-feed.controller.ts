import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Headers, Query, Req, Res, UseGuards, VERSION_NEUTRAL } from '@nestjs/common';
import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
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
  CurrentPrincipal,
  JwtAuthGuard,
  ForServices,
  OwnIssuerOnly,
  RequireScopes,
  RevocationsUnknownError,
} from 'postern/auth';
import type { Principal } from 'postern/auth';
import { ApiProblems, ServiceUnavailableError } from 'postern/problem';
import { ServerMetadata } from 'postern/tokens';
import { FollowRevocationsDto } from './follow-revocations.dto.js';
import { RevocationPageDto } from './revocation-page.dto.js';
import { FollowerAccess } from './follower-access.js';
import { FollowerSlots } from './follower-slots.js';
import { RevocationFeed } from './revocation-feed.js';
import { jsonPieces, RevocationFeedPoll } from './revocation-feed-poll.js';
import type { FeedAnswer } from './revocation-feed-poll.js';
import { RevocationFeedStreams } from './revocation-feed-streams.js';
import { TooManyFollowersError } from '../revocations.errors.js';

const page: RevocationPageDto = {
  reset: false,
  sets: ['eyJhbGciOiJFUzI1NiIsInR5cCI6InNlY2V2ZW50K2p3dCJ9.eyJpc3MiOiIuLi4ifQ.c2lnbmF0dXJl'],
  cursor: '4712.0b8e77f3',
  sequence: 4712,
  more_available: false,
};

const STREAM = `event: reset
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
  constructor(
    private readonly feed: RevocationFeed,
    private readonly streams: RevocationFeedStreams,
    private readonly poll: RevocationFeedPoll,
    private readonly slots: FollowerSlots,
    private readonly access: FollowerAccess,
    private readonly metadata: ServerMetadata,
  ) {}

  /** How many follow now, by stream or by poll. */
  get followerCount(): number {
    return this.slots.count;
  }

  onModuleInit(): void {
    this.metadata.contribute({ revocations_uri: this.metadata.urlOf('auth/revocations') });
  }

  /** Ends every stream, so that closing the server does not wait for them. */
  onModuleDestroy(): void {
    this.slots.close();
  }

  @RequireScopes('revocations:read')
  @Get('revocations')
  @ApiOperation({
    operationId: 'followRevocations',
    summary: 'Follow what is revoked',
    description:
      'For services that verify tokens by themselves: a snapshot of all revocations that can still concern a token, then ' +
      'each one as it happens. With `Accept: text/event-stream` a stream of events: `reset` (a snapshot begins), `set` (a ' +
      'signed Security Event Token: a page of the snapshot, or one revocation) and `position` (the follower has heard of ' +
      'everything up to this place; every second, so that silence can be noticed). The stream goes on behind `Last-Event-ID`; ' +
      'the server cuts off a follower that reads too slowly. With any other `Accept` one JSON answer, after `wait` seconds at the ' +
      'latest. One token may follow 100 times unless set otherwise, one connection twice; more is answered with 429. (Swagger UI ' +
      'cannot show a stream that has no end: it shows the first five seconds.)',
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
      'text/event-stream': { schema: { type: 'string' }, example: STREAM },
    },
  })
  @ApiProblems(RevocationsUnknownError, ServiceUnavailableError, TooManyFollowersError)
  async followRevocations(
    @Query() query: FollowRevocationsDto,
    @Req() request: RequestOfEither,
    @Res() response: ResponseOfEither,
    @Headers('accept') accept: string | undefined,
    @Headers('last-event-id') lastEventId: string | undefined,
    @CurrentPrincipal() principal: Principal,
  ): Promise<void> {
    // A body that nobody reads would keep Node from seeing the end of the connection.
    (request.raw ?? (request as IncomingMessage)).resume();
    const slot = this.slots.take(principal, request.socket);
    try {
      this.feed.assertKnown();
      // A HEAD asks for what a GET would answer at once, without its body.
      const isStreamed = /(?:^|[\s,])text\/event-stream\b/i.test(accept ?? '') && request.method !== 'HEAD';
      if (isStreamed) {
        await this.streams.write(take(response), lastEventId ?? query.after, principal, slot.signal);
      } else {
        // The answer comes before the token of the follower expires, as a stream ends with it.
        const wait = request.method === 'HEAD' ? 0 : Math.min(query.wait ?? 0, this.access.secondsLeft(principal));
        write(take(response), await this.poll.page(query.after, wait, slot.signal));
      }
    } finally {
      slot.release();
    }
  }
}

function write(response: ServerResponse, answer: FeedAnswer): void {
  const pieces = jsonPieces(answer);
  response.writeHead(200, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': pieces.reduce((bytes, { length }) => bytes + length, 0),
    'Cache-Control': 'no-store',
  });
  response.cork();
  for (const piece of pieces) response.write(piece);
  response.end();
  response.uncork();
}

/** Express's request is node's; Fastify's holds it, and has its method and its connection, too. */
type RequestOfEither = Pick<IncomingMessage, 'method' | 'socket'> & { readonly raw?: IncomingMessage };

/** Express's response is node's; Fastify's holds it, and has to be told that it is answered elsewhere. */
interface ResponseOfEither {
  readonly raw?: ServerResponse;
  hijack?(): void;
}

function take(response: ResponseOfEither): ServerResponse {
  response.hijack?.();
  const raw = response.raw ?? (response as ServerResponse);
  // What is written after the connection has ended is an error of the response; the connection itself frees the slot.
  raw.on('error', () => undefined);
  return raw;
}
