import { Body, Controller, Get, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { Clock, ForServices, RequirePermissions, JwtAuthGuard, OwnIssuerOnly, FixedResponse } from 'postern/auth';
import { ApiProblems } from 'postern/problem';
import { KeyDto } from './key.dto.js';
import { RotateKeysDto } from './rotate-keys.dto.js';
import { RevokeKey } from '../keys/revoke-key.js';
import { KeyList } from './key-list.js';
import { KeyRotation } from '../keys/key-rotation.js';
import '../tokens.permissions.js';
import { AlgorithmNotConfiguredError, KeyNotFoundError, KeysManagedElsewhereError } from '../tokens.errors.js';

const KID = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';
const KEY = { kid: KID, algorithm: 'ES256', activeAt: '2026-11-23T09:00:00.000Z', retiredAt: null, goneAt: null };
const KILLED_AT = '2026-11-24T10:00:00.000Z';

/** Routes for operators: list, rotate and kill signing keys. */
@FixedResponse()
@ApiTags('Keys')
@Controller('keys')
@OwnIssuerOnly()
@ForServices()
@UseGuards(JwtAuthGuard)
export class KeysController {
  constructor(
    private readonly list: KeyList,
    private readonly rotation: KeyRotation,
    private readonly killing: RevokeKey,
    private readonly clock: Clock,
  ) {}

  @RequirePermissions('keys:read')
  @Get()
  @ApiOperation({
    operationId: 'listKeys',
    summary: 'List the signing keys',
    description:
      'Every key with its state and the instants of its life, the newest first. It never contains a private key.',
  })
  @ApiOkResponse({ description: 'The keys.', type: [KeyDto] })
  listKeys(): Promise<KeyDto[]> {
    return this.list.all();
  }

  @RequirePermissions('keys:write')
  @Post('rotate')
  @HttpCode(202)
  @ApiOperation({
    operationId: 'rotateKeys',
    summary: 'Rotate the signing keys',
    description:
      'The standby key replaces the active key at once, or as soon as every cache of the JWKS has it if it was announced ' +
      'recently. The next standby key is then announced. The former key stays published until its last token has expired, ' +
      'so that no valid token is rejected. HS256 has no standby key: a new key signs at once.',
  })
  @ApiAcceptedResponse({
    description: 'The keys that replace the active ones.',
    type: KeyDto,
    isArray: true,
    example: [{ ...KEY, state: 'announced', killedAt: null }],
  })
  @ApiProblems(AlgorithmNotConfiguredError, KeysManagedElsewhereError)
  async rotateKeys(@Body() body: RotateKeysDto): Promise<KeyDto[]> {
    const keys = await this.rotation.rotate(body?.algorithm);
    return keys.map((key) => KeyDto.from(key, this.clock.now()));
  }

  @RequirePermissions('keys:write')
  @Post(':kid/kill')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'killKey',
    summary: 'Kill a signing key',
    description:
      'Use it when the private key may be compromised. The key leaves the JWKS immediately, every replica and service rejects ' +
      'its tokens within a second (your own token, too, if this key signed it), and the standby key, which the JWKS already ' +
      'has, signs. The next standby key is announced. It cannot be undone.',
  })
  @ApiParam({ name: 'kid', description: 'The id of the key.', example: KID })
  @ApiOkResponse({
    description: 'The killed key.',
    type: KeyDto,
    example: { ...KEY, state: 'killed', retiredAt: KILLED_AT, goneAt: KILLED_AT, killedAt: KILLED_AT },
  })
  @ApiProblems(KeyNotFoundError)
  async killKey(@Param('kid') kid: string): Promise<KeyDto> {
    return KeyDto.from(await this.killing.kill(kid), this.clock.now());
  }
}
