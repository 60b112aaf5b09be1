import 'reflect-metadata';
import type { Type } from '@nestjs/common';

/** The options for writing a field: at registration and later. */
type UserFieldWriting =
  | {
      /** Whether the field is part of registration. Default `false`. */
      register?: false | undefined;
      /** The role that may change the field through HTTP; administrators include the user. Default `false`. */
      write?: 'self' | 'admin' | false | undefined;
      registrantMaySet?: false | undefined;
    }
  | { register: 'required' | 'optional'; write: 'self'; registrantMaySet?: false | undefined }
  | {
      register: 'required' | 'optional';
      write?: 'admin' | false | undefined;
      /**
       * Allows any new user to choose the value of a field that only administrators, or no users, may change later.
       * Without it the start fails. With it the start logs a warning that names the field.
       */
      registrantMaySet: true;
    };

/** The options of {@link UserField}. An option that is left out allows nothing. */
export type UserFieldOptions = UserFieldWriting & {
  /** The least role that may see the field through HTTP. Default `false`. */
  read?: 'public' | 'self' | 'admin' | false | undefined;
  /** The name of the access-token claim of the field. Access tokens are not encrypted: leave it out when in doubt. */
  claim?: string | undefined;
  /** The description in the OpenAPI document. Default: the doc comment, if the plugin of `@nestjs/swagger` reads it. */
  description?: string | undefined;
  /** The example in the OpenAPI document. */
  example?: unknown;
};

/** The options of a {@link UserField}, with defaults. */
export interface DeclaredUserField {
  readonly property: string;
  readonly register: 'required' | 'optional' | false;
  readonly write: 'self' | 'admin' | false;
  readonly registrantMaySet?: boolean;
  readonly read: 'public' | 'self' | 'admin' | false;
  readonly claim?: string;
  readonly description?: string;
  readonly example?: unknown;
}

/** `Symbol.for`, so that another copy of the package reads the same metadata. */
const FIELDS = Symbol.for('postern:user-fields');

/**
 * Makes a column of your user entity part of the API: registration, changes, responses, and the access token. A column
 * without this decorator is neither readable nor writable through HTTP.
 *
 * The column implies validation (type, length, enum); class-validator decorators of the property add to it. Options
 * that contradict each other or the column fail the start.
 *
 * @example
 * ```ts
 * @UserField({ register: 'optional', write: 'self', read: 'public', example: 'Ada' })
 * @Column({ name: 'display_name', type: 'varchar', length: 64, nullable: true })
 * displayName!: string | null;
 * ```
 */
export function UserField(options: UserFieldOptions = {}): PropertyDecorator {
  return (prototype, property) => {
    const own: DeclaredUserField[] = Reflect.getOwnMetadata(FIELDS, prototype) ?? [];
    const declared: DeclaredUserField = {
      ...options,
      property: String(property),
      register: options.register ?? false,
      write: options.write ?? false,
      read: options.read ?? false,
    };
    Reflect.defineMetadata(FIELDS, [...own, declared], prototype);
  };
}

/** The fields of the class and its parents, parents first; a redeclared field has the options of the subclass. */
export function userFieldsOf(entity: Type): readonly DeclaredUserField[] {
  const fields = new Map<string, DeclaredUserField>();
  for (const ancestor of ancestryOf(entity)) {
    const own: DeclaredUserField[] = Reflect.getOwnMetadata(FIELDS, ancestor.prototype) ?? [];
    for (const field of own) fields.set(field.property, field);
  }
  return [...fields.values()];
}

/** The class and its parent classes, the topmost first. */
export function ancestryOf(entity: Type): Type[] {
  const ancestry: Type[] = [];
  for (let each: Type | null = entity; each?.prototype; each = Object.getPrototypeOf(each)) ancestry.unshift(each);
  return ancestry;
}
