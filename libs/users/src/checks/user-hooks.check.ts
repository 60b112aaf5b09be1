import type { EntityMetadata } from 'typeorm';

/** What TypeORM calls on objects that are saved or removed, and on no row that a statement changes or deletes. */
const UNCALLED: Readonly<Record<string, string>> = {
  'before-update': '@BeforeUpdate',
  'after-update': '@AfterUpdate',
  'before-remove': '@BeforeRemove',
  'after-remove': '@AfterRemove',
};

/**
 * Keeps a method of the team's from being left out in silence: a value that it makes uniform, or safe, would be stored as it came.
 *
 * @throws Error whose sentences name the methods, and say what to write in their place
 */
export function checkUserHooks({ listeners }: EntityMetadata): void {
  const uncalled = listeners.flatMap(({ target, propertyName, type }) => {
    const decorator = UNCALLED[type];
    return decorator ? [`${typeof target === 'function' ? target.name : target}.${propertyName} (${decorator})`] : [];
  });
  if (uncalled.length === 0) return;
  throw new Error(
    `UsersModule: nothing calls ${uncalled.join(', ')}, since UsersService changes and deletes rows, and saves no objects. ` +
      'Write what becomes of a value as the `transformer` of its @Column(), and what follows from a change or a deletion ' +
      'as a listener of UserUpdated or UserDeleted, or as a trigger of the table.',
  );
}
