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
  FixedResponse,
} from 'postern/auth';
import type { Principal } from 'postern/auth';
import { ApiProblems, ServiceUnavailableError } from 'postern/problem';
import { ServerMetadata } from 'postern/tokens';
import { FollowRevocationsDto } from './follow-revocations.dto.js';
import { RevocationPageDto } from './revocation-page.dto.js';
import { FollowerSlots } from './follower-slots.js';
import { RevocationFeed } from './revocation-feed.js';
import { FEED_CACHE_CONTROL } from './event-frame.js';
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

/** Sends revocations to other services. */
@FixedResponse()
@ApiTags('Revocations')
@OwnIssuerOnly()
@ForServices()
@UseGuards(JwtAuthGuard)
// Version-neutral: a follower reads the URL from the metadata, and it does not change with the API version.
@Controller({ path: 'auth', version: VERSION_NEUTRAL })
export class RevocationFeedController implements OnModuleInit, OnModuleDestroy {
  constructor(
    private readonly feed: RevocationFeed,
    private readonly streams: RevocationFeedStreams,
    private readonly poll: RevocationFeedPoll,
    private readonly slots: FollowerSlots,
    private readonly metadata: ServerMetadata,
  ) {}

  /** The number of current followers, by stream or by poll. */
  get followerCount(): number {
    return this.slots.count;
  }

  onModuleInit(): void {
    this.metadata.contribute({ revocations_uri: this.metadata.urlOf('auth/revocations') });
  }

  /** Ends all streams, so that the shutdown does not wait for them. */
  onModuleDestroy(): void {
    this.slots.close();
  }

  @RequireScopes('revocations:read')
  @Get('revocations')
  @ApiOperation({
    operationId: 'followRevocations',
    summary: 'Follow revocations',
    description:
      'For services that verify tokens themselves: a snapshot of all revocations that can concern a valid token, then each ' +
      'new revocation. With `Accept: text/event-stream` the response is a stream of events: `reset` (a snapshot begins), ' +
      '`set` (a signed Security Event Token: a page of the snapshot, or one revocation) and `position` (the follower has ' +
      'received all revocations up to this sequence number; sent each second, so that a follower can detect silence). The ' +
      'stream continues after `Last-Event-ID`. The server disconnects a follower that reads too slowly. With any other ' +
      '`Accept` the response is JSON, after at most `wait` seconds. A token may have 100 followers by default, and a ' +
      'connection 2; more are rejected with 429. (Swagger UI cannot show an endless stream: it shows the first five seconds.)',
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    description: 'The `id` of the last event that the follower read. The stream continues after it.',
    required: false,
    example: '4711.d5f2a9c1',
  })
  @ApiExtraModels(RevocationPageDto)
  @ApiProduces('application/json', 'text/event-stream')
  @ApiOkResponse({
    description: 'The revocations.',
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
    // Discard a request body: with an unread body, Node does not notice the end of the connection.
    (request.raw ?? (request as IncomingMessage)).resume();
    const slot = this.slots.take(principal, request.socket);
    try {
      this.feed.assertKnown();
      // A HEAD request gets the headers of an immediate GET response.
      const isStreamed = /(?:^|[\s,])text\/event-stream\b/i.test(accept ?? '') && request.method !== 'HEAD';
      if (isStreamed) {
        await this.streams.write(take(response), lastEventId ?? query.after, principal, slot.signal);
      } else {
        const wait = request.method === 'HEAD' ? 0 : (query.wait ?? 0);
        const answer = await this.poll.page(query.after, wait, principal, slot.signal);
        write(take(response), answer);
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
    'Cache-Control': FEED_CACHE_CONTROL,
  });
  response.cork();
  for (const piece of pieces) response.write(piece);
  response.end();
  response.uncork();
}

/** Express passes Node's request; Fastify wraps it in `raw`, with `method` and `socket` beside it. */
type RequestOfEither = Pick<IncomingMessage, 'method' | 'socket'> & { readonly raw?: IncomingMessage };

/** Express passes Node's response; Fastify wraps it in `raw`, and `hijack()` stops its own reply. */
interface ResponseOfEither {
  readonly raw?: ServerResponse;
  hijack?(): void;
}

function take(response: ResponseOfEither): ServerResponse {
  response.hijack?.();
  const raw = response.raw ?? (response as ServerResponse);
  // Ignore writes after the end of the connection: the 'close' event of the socket frees the slot.
  raw.on('error', () => undefined);
  return raw;
}
