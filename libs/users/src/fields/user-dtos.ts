import type { Type } from '@nestjs/common';
import { registerDtoOf, updateDtoOf } from './request-dto.js';
import { responseDtoOf } from './response-dto.js';
import type { UserView } from './response-dto.js';
import type { UserBase } from '../user-base.entity.js';

/**
 * The user entity of this application and the DTO classes generated from it. Inject it to use the entity without
 * importing it.
 */
export class UserDtos<U extends UserBase = UserBase> {
  /** The fields of a registration, without e-mail address and password. */
  readonly register: Type<object>;
  readonly updateBySelf: Type<object>;
  readonly updateByAdmin: Type<object>;
  readonly publicView: UserView;
  readonly ownView: UserView;
  readonly adminView: UserView;

  /** @throws Error if the class cannot be a user entity */
  constructor(
    /** The configured entity, or {@link User}. */
    readonly entity: Type<U>,
  ) {
    this.register = registerDtoOf(entity);
    this.updateBySelf = updateDtoOf(entity, 'self');
    this.updateByAdmin = updateDtoOf(entity, 'admin');
    this.publicView = responseDtoOf(entity, 'public');
    this.ownView = responseDtoOf(entity, 'self');
    this.adminView = responseDtoOf(entity, 'admin');
  }
}
