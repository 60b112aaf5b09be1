import type { Principal } from 'postern/auth';

const SUBJECT = '01938f2e-6a1c-7d3a-9c55-3f6d1c0b7a11';

/**
 * Returns a frozen principal, as the guard does, of a token that was issued now for five minutes.
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
