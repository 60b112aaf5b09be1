import { createHash } from 'node:crypto';
import { Controller, Get, Req, Res, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Public, FixedResponse } from 'postern/auth';
import { JwksDto } from './jwks.dto.js';
import { KeyRing } from '../keys/key-ring.js';
import { CheckedTokensSettings } from '../tokens.settings.js';

/** The members of a request and a response that Fastify and Express share. */
interface RequestLike {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}
interface ResponseLike {
  header(name: string, value: string): unknown;
  status(code: number): unknown;
}

/** Publishes the public keys. */
@FixedResponse()
@ApiTags('Discovery')
@Controller({ path: '.well-known', version: VERSION_NEUTRAL })
export class JwksController {
  constructor(
    private readonly known: KeyRing,
    private readonly settings: CheckedTokensSettings,
  ) {}

  @Public()
  @Get('jwks.json')
  @ApiOperation({
    operationId: 'jwks',
    summary: 'The public keys',
    description:
      'Every public key that verifies an access token of this server: announced, active and retired keys. Cache the set no ' +
      'longer than `Cache-Control` allows. Fetch it again when a token names a key that is not in the set (RFC 7517 §5).',
  })
  @ApiOkResponse({ description: 'The JSON Web Key Set.', type: JwksDto })
  @ApiResponse({ status: 304, description: 'The copy that `If-None-Match` names is current.' })
  jwks(@Req() request: RequestLike, @Res({ passthrough: true }) response: ResponseLike): JwksDto | undefined {
    const body = JwksDto.from(this.known.published());
    const tag = `"${createHash('sha256').update(JSON.stringify(body)).digest('base64url')}"`;
    // A replica without its database may have outdated keys: caches must not keep them.
    const age = this.known.isFresh ? this.settings.jwksCacheSeconds : 0;
    response.header('Cache-Control', `public, max-age=${age}`);
    response.header('ETag', tag);
    if (!names(request.headers['if-none-match'], tag)) return body;
    response.status(304);
    return undefined;
  }
}

/**
 * Whether `If-None-Match` names the tag. The comparison is weak, because a compressing proxy weakens tags
 * (RFC 9110 §13.1.2).
 */
function names(header: string | string[] | undefined, tag: string): boolean {
  const candidates = String(header ?? '').match(/\*|(?:W\/)?"[^"]*"/g) ?? [];
  return candidates.some((candidate) => candidate === '*' || candidate.replace(/^W\//, '') === tag);
}
