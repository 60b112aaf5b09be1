import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import type { UserBase } from '../user-base.entity.js';

const USER = Symbol.for('postern:made-for-user');

/** Marks a controller, and with it whatever extends it, as one that takes and shows the fields of this class of users. */
export const ForUserEntity =
  (entity: Type<UserBase>): ClassDecorator =>
  (controller) =>
    Reflect.defineMetadata(USER, entity, controller);

/**
 * Refuses a controller that is made for another class of users: it would ask for fields that nothing stores. One that is made
 * for none passes.
 *
 * @param place the module that refuses, such as `UsersModule`
 * @throws Error that names the controller and both classes
 */
export function assertSameUserEntity(place: string, controller: Type, entity: Type<UserBase>): void {
  const other = Reflect.getMetadata(USER, controller) as Type<UserBase> | undefined;
  if (other === undefined || other === entity) return;
  throw new Error(
    `${place}: the controller ${controller.name || 'without a name'} is made for the users ${other.name}, and the users of this ` +
      `application are ${entity.name}: write user: ${other.name}, or make the controller for ${entity.name}.`,
  );
}
