import { Readable } from 'node:stream';
import { Controller, Get, Header, Inject, StreamableFile, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  CurrentPrincipal,
  FixedResponse,
  InvalidTokenError,
  JwtAuthGuard,
  MissingTokenError,
  NoImpersonation,
  OwnIssuerOnly,
} from 'postern/auth';
import type { Principal } from 'postern/auth';
import { ApiProblems } from 'postern/problem';
import { UsersService } from 'postern/users';
import { PersonalDataExport } from './personal-data-export.js';

/** The route by which users get their data. */
@FixedResponse()
@ApiTags('Users')
@Controller('users/me')
@OwnIssuerOnly()
@UseGuards(JwtAuthGuard)
@ApiProblems(MissingTokenError, InvalidTokenError)
export class PersonalDataController {
  @Inject(UsersService) readonly users!: UsersService;
  @Inject(PersonalDataExport) readonly data!: PersonalDataExport;

  /** Exports the data of the caller. */
  @Get('export')
  @NoImpersonation()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'exportMe',
    summary: 'Export your data',
    description:
      'Returns the stored data of the user as one JSON document: the account, the sessions, the roles, and the data of ' +
      'this application. It contains no secret and no hash. The response is a stream: if it fails, it ends without its ' +
      'last bytes, and the connection is closed.',
  })
  @ApiOkResponse({
    description: 'The data.',
    schema: {
      type: 'object',
      required: ['exportedAt', 'account', 'sessions', 'roles'],
      properties: {
        exportedAt: { type: 'string', format: 'date-time' },
        account: { type: 'object' },
        sessions: { type: 'array', items: { type: 'object' } },
        roles: { type: 'array', items: { type: 'string' } },
      },
      additionalProperties: true,
    },
    example: {
      exportedAt: '2026-11-24T10:00:00.000Z',
      account: { id: '01936d2a-7c1e-7a60-8f3b-2d5f9d1c4e77', email: 'ada@example.com' },
      sessions: [],
      roles: ['auditor'],
    },
  })
  async exportMe(@CurrentPrincipal() principal: Principal): Promise<StreamableFile> {
    const user = await this.users.findById(principal.subject);
    if (!user || user.disabledAt || user.deletionAt) throw new InvalidTokenError();
    const stream = Readable.from(this.data.textOf(user), { objectMode: false });
    // If a part fails, Nest destroys the response, so no client takes a part of the data for all of it.
    return new StreamableFile(stream, {
      type: 'application/json; charset=utf-8',
      disposition: 'attachment; filename="account.json"',
    });
  }
}
