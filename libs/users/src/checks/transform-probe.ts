import type { Type } from '@nestjs/common';
import { PickType } from '@nestjs/swagger';
import { instanceToPlain, plainToInstance, Transform } from 'class-transformer';
import type { UserBase } from '../user-base.entity.js';

// class-transformer does not expose the metadata of its decorators. These functions run it on a probe value instead.

/** Whether a request keeps a value that the client sends under the name of this property. */
export function isKeptInRequests(entity: Type<UserBase>, property: string): boolean {
  class Request extends picked(entity, property) {}
  let times = 0;
  Transform(({ value }: { value: unknown }) => {
    times += 1;
    return value;
  })(Request.prototype, property);
  // An excluded property is never transformed. A renamed one is transformed twice, the second time without the value.
  return isTaken(() => plainToInstance(Request, { [property]: '' }) instanceof Request && times === 1);
}

/** Whether class-transformer (Nest's `ClassSerializerInterceptor`) shows this property under its name in a response. */
export function isKeptInAnswers(entity: Type<UserBase>, property: string): boolean {
  const { prototype } = picked(entity, property);
  return isTaken(() => property in instanceToPlain(Object.assign(Object.create(prototype), { [property]: '' })));
}

function picked(entity: Type<UserBase>, property: string): Type<object> {
  return PickType(entity, [property as keyof UserBase]);
}

/** If a decorator of the team throws on the probe value, the value has reached it. */
function isTaken(attempt: () => boolean): boolean {
  try {
    return attempt();
  } catch {
    return true;
  }
}
