import { createHash } from 'node:crypto';
import { Controller, Get, Req, Res, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Public } from 'postern/auth';
import { JwksDto } from './jwks.dto.js';
import { KeyRing } from '../keys/key-ring.js';
import { CheckedTokensSettings } from '../tokens.settings.js';

/** What is used of a request and a response, on Fastify and on Express. */
interface RequestLike {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}
interface ResponseLike {
  header(name: string, value: string): unknown;
  status(code: number): unknown;
}

/** Publishes the public keys. */
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
      'Every key that an access token of this server may be signed with: those that sign now, those that will soon, and ' +
      'those whose last token has not expired yet. Keep it no longer than `Cache-Control` says, and fetch it anew when a ' +
      'token names a key that is not in it (RFC 7517 §5).',
  })
  @ApiOkResponse({ description: 'The JSON Web Key Set.', type: JwksDto })
  @ApiResponse({ status: 304, description: 'The copy that `If-None-Match` names is still right.' })
  jwks(@Req() request: RequestLike, @Res({ passthrough: true }) response: ResponseLike): JwksDto | undefined {
    const body = JwksDto.from(this.known.published());
    const tag = `"${createHash('sha256').update(JSON.stringify(body)).digest('base64url')}"`;
    // A replica that has lost the database must not let others keep for long what may be out of date.
    const age = this.known.isFresh ? this.settings.jwksCacheSeconds : 0;
    response.header('Cache-Control', `public, max-age=${age}`);
    response.header('ETag', tag);
    if (!names(request.headers['if-none-match'], tag)) return body;
    response.status(304);
    return undefined;
  }
}

/** Whether `If-None-Match` names the tag: a list, compared weakly, since a proxy that compresses weakens tags (RFC 9110 §13.1.2). */
function names(header: string | string[] | undefined, tag: string): boolean {
  const asked = String(header ?? '').match(/\*|(?:W\/)?"[^"]*"/g) ?? [];
  return asked.some((one) => one === '*' || one.replace(/^W\//, '') === tag);
}
