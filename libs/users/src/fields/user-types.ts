import type { UserBase } from '../user-base.entity.js';

/** Who reads: anybody, the user itself, or an administrator. Each sees what the one before sees. */
export type Reader = 'public' | 'self' | 'admin';

type Method = (...args: never[]) => unknown;

/** The names of the fields that a team added to its user: neither Postern's own nor methods. */
export type TeamField<U extends UserBase> = {
  [K in keyof U]-?: K extends keyof UserBase ? never : U[K] extends Method ? never : K;
}[keyof U];

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Types that differ by `readonly` alone can be assigned to each other: the compiler tells them apart only as what is tested for. */
type IsReadonly<T> =
  (<X>() => X extends T ? true : false) extends <X>() => X extends Writable<T> ? true : false ? false : true;

type IsOmissible<T> = undefined extends T[keyof T] ? true : null extends T[keyof T] ? true : IsReadonly<T>;

type Omissible<U extends UserBase> = {
  [K in TeamField<U>]: IsOmissible<Pick<U, K>> extends true ? K : never;
}[TeamField<U>];

/**
 * What it takes to create a user: the address, and each field of the team's class. A field that may be null or
 * undefined may be left out, and so may a getter or what is `readonly`; a misspelt one does not compile.
 */
export type NewUser<U extends UserBase = UserBase> = {
  email: string;
  emailVerifiedAt?: Date | null;
} & { [K in Exclude<TeamField<U>, Omissible<U>>]: U[K] } & { [K in Omissible<U>]?: U[K] };

/** The fields that a team added, each of them given or not: which of them a route takes, `@UserField` says. */
export type TeamFields<U extends UserBase = UserBase> = { [K in TeamField<U>]?: U[K] };

/** A user as one kind of reader sees it: which of the team's fields are there, `@UserField` says. */
export type SeenUser<U extends UserBase = UserBase, R extends Reader = Reader> = {
  public: Pick<UserBase, 'id'>;
  self: Omit<UserBase, 'disabledAt'>;
  admin: UserBase;
}[R] & { [K in TeamField<U>]?: U[K] | null };

/** What may be changed of a user. What is left out, or undefined, stays as it is. */
export type UserChanges<U extends UserBase = UserBase> = {
  email?: string;
  emailVerifiedAt?: Date | null;
} & { [K in TeamField<U>]?: U[K] };
