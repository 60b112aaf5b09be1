import type { EntityMetadata } from 'typeorm';

/** Hooks that TypeORM calls for `save()` and `remove()`, but not for UPDATE and DELETE statements. */
const UNCALLED: Readonly<Record<string, string>> = {
  'before-update': '@BeforeUpdate',
  'after-update': '@AfterUpdate',
  'before-remove': '@BeforeRemove',
  'after-remove': '@AfterRemove',
};

/**
 * Fails the start if the entity has a hook that would never run: values that it normalises would be stored unchanged.
 *
 * @throws Error that names the methods and what to write instead
 */
export function checkUserHooks({ listeners }: EntityMetadata): void {
  const uncalled = listeners.flatMap(({ target, propertyName, type }) => {
    const decorator = UNCALLED[type];
    return decorator ? [`${typeof target === 'function' ? target.name : target}.${propertyName} (${decorator})`] : [];
  });
  if (uncalled.length === 0) return;
  throw new Error(
    `UsersModule: nothing calls ${uncalled.join(', ')}, because UsersService runs UPDATE and DELETE statements. ` +
      'To convert a value, give its @Column() a `transformer`. To react to a change or a deletion, ' +
      'listen to UserUpdated or UserDeleted, or add a trigger to the table.',
  );
}
