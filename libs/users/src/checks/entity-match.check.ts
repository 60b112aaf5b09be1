import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import type { UserBase } from '../user-base.entity.js';

const USER = Symbol.for('postern:made-for-user');

/** Marks a controller and its subclasses as generated for this user entity. */
export const ForUserEntity =
  (entity: Type<UserBase>): ClassDecorator =>
  (controller) =>
    Reflect.defineMetadata(USER, entity, controller);

/**
 * Rejects a controller that is marked with another user entity, because its fields would not be stored. An unmarked
 * controller is allowed.
 *
 * @param place the module in which the controller is configured, such as `UsersModule`
 * @throws Error that names the controller and both classes
 */
export function assertSameUserEntity(place: string, controller: Type, entity: Type<UserBase>): void {
  const other = Reflect.getMetadata(USER, controller) as Type<UserBase> | undefined;
  if (other === undefined || other === entity) return;
  throw new Error(
    `${place}: the controller ${controller.name || 'without a name'} is made for the user entity ${other.name}, but the user ` +
      `entity of this application is ${entity.name}: write user: ${other.name}, or make the controller for ${entity.name}.`,
  );
}
