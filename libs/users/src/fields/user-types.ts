import type { UserBase } from '../user-base.entity.js';

/** The public, the user itself, or an administrator. Each also sees the fields of the former ones. */
export type Reader = 'public' | 'self' | 'admin';

type Method = (...args: never[]) => unknown;

/** The fields that a team added to its user entity, without methods. */
export type TeamField<U extends UserBase> = {
  [K in keyof U]-?: K extends keyof UserBase ? never : U[K] extends Method ? never : K;
}[keyof U];

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Types that differ only by `readonly` are assignable to each other; only this comparison distinguishes them. */
type IsReadonly<T> =
  (<X>() => X extends T ? true : false) extends <X>() => X extends Writable<T> ? true : false ? false : true;

type IsOmissible<T> = undefined extends T[keyof T] ? true : null extends T[keyof T] ? true : IsReadonly<T>;

type Omissible<U extends UserBase> = {
  [K in TeamField<U>]: IsOmissible<Pick<U, K>> extends true ? K : never;
}[TeamField<U>];

/**
 * The values of a new user: the e-mail address and each field of your entity. Nullable, optional and `readonly` fields
 * and getters may be left out. A misspelt field does not compile.
 */
export type NewUser<U extends UserBase = UserBase> = {
  email: string;
  emailVerifiedAt?: Date | null;
} & { [K in Exclude<TeamField<U>, Omissible<U>>]: U[K] } & { [K in Omissible<U>]?: U[K] };

/** The fields that a team added, all optional. `@UserField` decides which of them a route accepts. */
export type TeamFields<U extends UserBase = UserBase> = { [K in TeamField<U>]?: U[K] };

/** A user as one kind of reader sees it. `@UserField` decides which fields are present. */
export type SeenUser<U extends UserBase = UserBase, R extends Reader = Reader> = {
  public: Pick<UserBase, 'id'>;
  self: Omit<UserBase, 'disabledAt' | 'deletionAt'>;
  admin: UserBase;
}[R] & { [K in TeamField<U>]?: U[K] | null };

/** Changes to a user. A field that is left out or undefined stays as it is. */
export type UserChanges<U extends UserBase = UserBase> = {
  email?: string;
  emailVerifiedAt?: Date | null;
} & { [K in TeamField<U>]?: U[K] };
