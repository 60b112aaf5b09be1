import type { ClaimMapping, ClaimSource, IssuerProfile, TokenClaims } from './issuer-profile.js';

type Member = keyof ClaimMapping;

/** The name of each value in RFC 9068. */
const STANDARD: Readonly<Record<Member, string>> = {
  subject: 'sub',
  audience: 'aud',
  tokenId: 'jti',
  clientId: 'client_id',
  scopes: 'scope',
  roles: 'roles',
  sessionId: 'sid',
  organization: 'org',
  acr: 'acr',
  amr: 'amr',
  authenticatedAt: 'auth_time',
};
/** The members of the mapping, for the check of the settings. */
export const CLAIM_MEMBERS = Object.keys(STANDARD) as readonly Member[];
/** The members that a profile need not name. */
const REGISTERED: readonly Member[] = ['subject', 'audience', 'tokenId'];

/** The rules for the claims of one issuer. */
export interface ClaimRules {
  readonly audience: readonly string[];
  readonly profile?: IssuerProfile | undefined;
  readonly claims?: ClaimMapping | undefined;
}

/**
 * Returns the claims under the names and in the shapes of RFC 9068. They are not validated. Without a profile and a
 * mapping, these are the claims of the token.
 *
 * @see RFC 9068 §2.2
 */
export function standardClaims(claims: TokenClaims, rules: ClaimRules): TokenClaims {
  const { profile } = rules;
  if (profile === undefined && rules.claims === undefined) return claims;
  const mapping: ClaimMapping = { ...profile?.claims, ...definedOf(rules.claims) };
  const standard: Record<string, unknown> = { ...claims };
  for (const member of CLAIM_MEMBERS) {
    const isNamed = profile === undefined || REGISTERED.includes(member);
    const sources = [mapping[member] ?? (isNamed ? STANDARD[member] : [])].flat() as readonly ClaimSource[];
    const value = valueOf(member, claims, sources, rules.audience);
    if (value === undefined) delete standard[STANDARD[member]];
    else standard[STANDARD[member]] = value;
  }
  return standard;
}

/** A profile rejects the tokens that its vendor issues for another purpose, such as ID tokens. */
export function profileDefectOf(claims: TokenClaims, profile: IssuerProfile): string | undefined {
  for (const [name, value] of Object.entries(profile.required ?? {})) {
    if (value === true ? !Object.hasOwn(claims, name) : claims[name] !== value)
      return `${name} is not that of an access token`;
  }
  for (const names of profile.requiredOneOf ?? []) {
    if (!names.some((name) => Object.hasOwn(claims, name))) return `an access token has ${names.join(' or ')}`;
  }
  const forbidden = profile.forbidden?.find((name) => Object.hasOwn(claims, name));
  return forbidden === undefined ? undefined : `${forbidden} is in ID tokens only`;
}

function definedOf(mapping: ClaimMapping = {}): ClaimMapping {
  return Object.fromEntries(Object.entries(mapping).filter(([, source]) => source !== undefined));
}

function valueOf(
  member: Member,
  claims: TokenClaims,
  sources: readonly ClaimSource[],
  audience: readonly string[],
): unknown {
  const values = sources.flatMap((source) => found(claims, source, audience)).filter((value) => value !== undefined);
  if (member === 'roles') {
    return values.length === 0 ? undefined : values.flatMap((value: unknown) => value);
  }
  return member === 'scopes' ? scopeOf(values[0]) : values[0];
}

/** A path with `{audience}` leads to one value for each name of the audience. */
function found(claims: TokenClaims, source: ClaimSource, audience: readonly string[]): unknown[] {
  if (typeof source === 'function') return [source(claims)];
  if (typeof source === 'string') return [memberOf(claims, source)];
  let values: unknown[] = [claims];
  for (const name of source.path) {
    const names = name === '{audience}' ? audience : [name];
    values = values.flatMap((value) => names.map((step) => memberOf(value, step)));
  }
  return values;
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as TokenClaims)[name];
}

/** A scope in a list must be one scope: a space would make it several. Anything else is rejected as it is. */
function scopeOf(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const isList = value.every((scope) => typeof scope === 'string' && scope !== '' && !scope.includes(' '));
  return isList ? value.join(' ') : value;
}
