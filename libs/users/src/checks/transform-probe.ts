import type { Type } from '@nestjs/common';
import { PickType } from '@nestjs/swagger';
import { instanceToPlain, plainToInstance, Transform } from 'class-transformer';
import type { UserBase } from '../user-base.entity.js';

// class-transformer keeps to itself what its decorators were told, so it is tried on the classes that requests and answers
// are made from.

/** Whether requests keep the value that is sent under the name of this property. */
export function isKeptInRequests(entity: Type<UserBase>, property: string): boolean {
  class Sent extends picked(entity, property) {}
  let times = 0;
  Transform(({ value }: { value: unknown }) => {
    times += 1;
    return value;
  })(Sent.prototype, property);
  // What is excluded never comes by; what has another name comes once more, without the value.
  return isTaken(() => plainToInstance(Sent, { [property]: '' }) instanceof Sent && times === 1);
}

/** Whether an answer that class-transformer writes, as Nest's `ClassSerializerInterceptor` has it, shows this property under its name. */
export function isKeptInAnswers(entity: Type<UserBase>, property: string): boolean {
  const { prototype } = picked(entity, property);
  return isTaken(() => property in instanceToPlain(Object.assign(Object.create(prototype), { [property]: '' })));
}

function picked(entity: Type<UserBase>, property: string): Type<object> {
  return PickType(entity, [property as keyof UserBase]);
}

/** A decorator of the team's that fails on the value was given it. */
function isTaken(attempt: () => boolean): boolean {
  try {
    return attempt();
  } catch {
    return true;
  }
}
