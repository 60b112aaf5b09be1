import type { Principal } from 'postern/auth';

/** What a principal of the tests says unless told. */
const SUBJECT = '01938f2e-6a1c-7d3a-9c55-3f6d1c0b7a11';

/**
 * A principal as the guard hands it out: frozen, and of a token that was issued just now for five minutes.
 *
 * @example
 * ```ts
 * await new EmployeeMapper(employees).map(testPrincipal({ subject: employee.id, scopes: ['orders:read'] }));
 * ```
 */
export function testPrincipal(members: Partial<Principal> = {}): Principal {
  const issuedAt = Math.floor(Date.now() / 1000);
  const principal = {
    issuer: 'https://issuer.test',
    subject: SUBJECT,
    audience: Object.freeze(['tests']),
    tokenId: 'token-1',
    scopes: Object.freeze([]),
    roles: Object.freeze([]),
    amr: Object.freeze(['pwd']),
    issuedAt,
    expiresAt: issuedAt + 300,
    keyId: 'key-1',
    ...members,
  };
  const { issuer: iss, subject: sub, audience: aud, tokenId: jti, expiresAt: exp } = principal;
  return Object.freeze({ ...principal, claims: Object.freeze({ iss, sub, aud, jti, exp, ...members.claims }) });
}
