import { Controller, Get, Header, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public, FixedResponse } from 'postern/auth';
import { MetadataDto } from './metadata.dto.js';
import { ServerMetadata } from './server-metadata.js';

/** Publishes the metadata of the authorization server (RFC 8414). */
@FixedResponse()
@ApiTags('Discovery')
@Controller({ path: '.well-known', version: VERSION_NEUTRAL })
export class MetadataController {
  constructor(private readonly metadata: ServerMetadata) {}

  @Public()
  @Get('oauth-authorization-server')
  @Header('Cache-Control', 'public, max-age=300')
  @ApiOperation({
    operationId: 'authorizationServerMetadata',
    summary: 'The metadata of the server',
    description: 'The issuer and its endpoints, for clients and services that configure themselves (RFC 8414).',
  })
  @ApiOkResponse({ description: 'The authorization server metadata.', type: MetadataDto })
  authorizationServerMetadata(): MetadataDto {
    return this.metadata.document();
  }

  @Public()
  @Get('openid-configuration')
  @Header('Cache-Control', 'public, max-age=300')
  @ApiOperation({
    operationId: 'openidConfiguration',
    summary: 'The metadata of the server, for OpenID Connect clients',
    description: 'The same document, at the URL where clients of OpenID Connect look (RFC 8414 §5).',
  })
  @ApiOkResponse({ description: 'The authorization server metadata.', type: MetadataDto })
  openidConfiguration(): MetadataDto {
    return this.authorizationServerMetadata();
  }
}
