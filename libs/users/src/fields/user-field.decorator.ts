import 'reflect-metadata';
import type { Type } from '@nestjs/common';

/** How {@link UserField} takes a field from the person who registers and from those who change it. */
type UserFieldWriting =
  | {
      /** Whether the field is part of registration. Default `false`. */
      register?: false | undefined;
      /** Who may change the field through HTTP; an administrator may change what the user may. Default `false`. */
      write?: 'self' | 'admin' | false | undefined;
      registrantMaySet?: false | undefined;
    }
  | { register: 'required' | 'optional'; write: 'self'; registrantMaySet?: false | undefined }
  | {
      register: 'required' | 'optional';
      write?: 'admin' | false | undefined;
      /**
       * Lets anybody who registers choose the value of a field that only administrators, or no users, may change afterwards. Without
       * this word such a field is not part of registration. The start logs a warning that names the field.
       */
      registrantMaySet: true;
    };

/** What {@link UserField} may say of a field. What is left out is not allowed. */
export type UserFieldOptions = UserFieldWriting & {
  /** Who may see the field through HTTP; whatever the public sees, the user and the administrator see too. Default `false`. */
  read?: 'public' | 'self' | 'admin' | false | undefined;
  /** The name of the access-token claim that carries the field. A token is text that anybody may read: leave it out when in doubt. */
  claim?: string | undefined;
  /** What the OpenAPI document says of the field; where this is left out, the doc comment, if the plugin of `@nestjs/swagger` reads it. */
  description?: string | undefined;
  /** The example that the OpenAPI document shows. */
  example?: unknown;
};

/** A field as {@link UserField} declared it, with every option decided. */
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

/** Of another copy of the package it is the same, like all that decorators say: nothing may be lost without a word. */
const FIELDS = Symbol.for('postern:user-fields');

/**
 * Makes a column of the team's user a part of the API: who registers it, who writes it, who reads it, and whether it
 * is a claim of the access token. A column without this decorator is never readable nor writable through HTTP.
 *
 * Validation is what the class-validator decorators of the property say, on top of what its column implies (type,
 * length, enum). Contradictions are found at boot and named.
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

/** The fields that the class and its parents declared, parents first; a property declared again counts as the subclass has it. */
export function userFieldsOf(entity: Type): readonly DeclaredUserField[] {
  const fields = new Map<string, DeclaredUserField>();
  for (const ancestor of ancestryOf(entity)) {
    const own: DeclaredUserField[] = Reflect.getOwnMetadata(FIELDS, ancestor.prototype) ?? [];
    for (const field of own) fields.set(field.property, field);
  }
  return [...fields.values()];
}

/** The class and what it extends, the most general first. */
export function ancestryOf(entity: Type): Type[] {
  const ancestry: Type[] = [];
  for (let each: Type | null = entity; each?.prototype; each = Object.getPrototypeOf(each)) ancestry.unshift(each);
  return ancestry;
}
