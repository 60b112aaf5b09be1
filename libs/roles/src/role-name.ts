/** A name of a role: it needs no quoting in a URL, a claim, or a header. */
export const ROLE_NAME = /^[a-z](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

/** Whether the value can be the name of a role. */
export function isRoleName(value: unknown): value is string {
  return typeof value === 'string' && ROLE_NAME.test(value);
}

/** The role that has every permission. It always exists. */
export const ADMINISTRATOR = 'administrator';
