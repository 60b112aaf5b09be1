import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { userFieldsOf } from './user-field.decorator.js';
import { UserDtos } from './user-dtos.js';

/** Logs one warning at the start that names the fields with `registrantMaySet`. */
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
      return claim === undefined ? place : `${place} (the claim "${claim}" of the access token)`;
    });
    this.logger.warn(`registrantMaySet: any new user can choose ${names.join(', ')}.`);
  }
}
