import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { CheckedMailSettings } from 'postern/mail';
import { FirstAdministratorCode } from './first-administrator-code.js';
import { FirstAdministrator } from './first-administrator.js';

/** Logs the code at the start of a development server without an administrator. */
@Injectable()
export class FirstAdministratorAnnouncement implements OnApplicationBootstrap {
  private readonly logger = new Logger(FirstAdministrator.name);

  constructor(
    private readonly first: FirstAdministrator,
    private readonly code: FirstAdministratorCode,
    private readonly settings: CheckedMailSettings,
    private readonly http: HttpAdapterHost,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    // A command or a microservice has no routes.
    const hasRoutes = (this.http.httpAdapter as object | undefined) !== undefined;
    if (this.settings.production || !hasRoutes || !(await this.first.isMissing())) return;
    this.logger.log(
      `There is no administrator yet. Send the code ${await this.code.current()} with an e-mail address and a password ` +
        'to POST /auth/first-administrator. The code works once.',
    );
  }
}
