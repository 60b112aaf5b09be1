import type { Type } from '@nestjs/common';
import { registerDtoOf, updateDtoOf } from './request-dto.js';
import { responseDtoOf } from './response-dto.js';
import type { UserView } from './response-dto.js';
import type { UserBase } from '../user-base.entity.js';

/**
 * Which class the user of this application is, and the classes that were made from it. Injected by whatever has to
 * know the team's entity without importing it.
 */
export class UserDtos<U extends UserBase = UserBase> {
  /** Beside address and password: what a registration carries. */
  readonly register: Type<object>;
  readonly updateBySelf: Type<object>;
  readonly updateByAdmin: Type<object>;
  readonly publicView: UserView;
  readonly ownView: UserView;
  readonly adminView: UserView;

  /** @throws Error with a sentence when the class cannot be the user of an application. */
  constructor(
    /** The team's class, or {@link User}. */
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
