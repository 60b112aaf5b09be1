import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { userFieldsOf } from './user-field.decorator.js';
import { UserDtos } from './user-dtos.js';

/** Warns at the start, in one line, of the fields that anybody who registers sets and cannot change afterwards. */
@Injectable()
export class RegistrantFields implements OnModuleInit {
  private readonly logger = new Logger('UsersModule');

  constructor(private readonly schemas: UserDtos) {}

  onModuleInit(): void {
    const { entity } = this.schemas;
    const fields = userFieldsOf(entity).filter(({ registrantMaySet }) => registrantMaySet);
    if (fields.length === 0) return;
    const names = fields.map(({ property, claim }) => {
      const place = `${entity.name}.${property}`;
      return claim === undefined ? place : `${place} (and with it the claim "${claim}" of the access token)`;
    });
    this.logger.warn(`registrantMaySet: anybody who registers chooses ${names.join(', ')}.`);
  }
}
