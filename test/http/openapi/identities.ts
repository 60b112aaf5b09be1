/** The identities that call each operation of the server. */
export const IDENTITIES = [
  'noToken',
  'expired',
  'user',
  'otherUser',
  'permittedUser',
  'otherRole',
  'administrator',
  'service',
  'otherService',
] as const;

export type Identity = (typeof IDENTITIES)[number];

/** A request and the status for each identity, in the order of `IDENTITIES`. */
export type IdentityRow = readonly [operation: string, right: string | undefined, statuses: string, body?: object];

/**
 * The operation, the permission (of a user) or scope (of a service) that it requires, and the statuses of: no token, an
 * expired token, a user, another user, a user whose role has the permission, a user whose role has another permission,
 * an administrator, a service whose scope is the right, and a service with another scope. Paths name things that do not
 * exist, so 404 means that the guard allowed the request.
 */
export const TABLE: readonly IdentityRow[] = [
  //                                                 noToken expired user other permitted role admin service other
  ['GET /health/live', undefined, '200 200 200 200 200 200 200 200 200'],
  ['GET /health/ready', undefined, '200 200 200 200 200 200 200 200 200'],
  ['GET /.well-known/jwks.json', undefined, '200 200 200 200 200 200 200 200 200'],
  ['GET /.well-known/oauth-authorization-server', undefined, '200 200 200 200 200 200 200 200 200'],
  ['GET /.well-known/openid-configuration', undefined, '200 200 200 200 200 200 200 200 200'],
  ['GET /keys', 'keys:read', '401 401 403 403 200 403 200 200 403'],
  ['POST /keys/rotate', 'keys:write', '401 401 403 403 202 403 202 202 403'],
  ['POST /keys/{kid}/kill', 'keys:write', '401 401 403 403 404 403 404 404 403'],
  ['GET /users/me', undefined, '401 401 200 200 200 200 200 401 401'],
  ['PATCH /users/me', undefined, '401 401 200 200 200 200 200 401 401', {}],
  ['GET /users', 'users:read', '401 401 403 403 200 403 200 200 403'],
  ['GET /users/{id}', 'users:read', '401 401 403 403 404 403 404 404 403'],
  ['PATCH /users/{id}', 'users:write', '401 401 403 403 404 403 404 404 403', {}],
  ['DELETE /users/{id}', 'users:write', '401 401 403 403 404 403 404 404 403'],
  ['POST /users/{id}/disable', 'users:write', '401 401 403 403 404 403 404 404 403'],
  ['POST /users/{id}/enable', 'users:write', '401 401 403 403 404 403 404 404 403'],
  ['POST /users', 'users:write', '401 401 403 403 400 403 400 400 403', {}],
  ['GET /users/{id}/sessions', 'sessions:read', '401 401 403 403 404 403 404 404 403'],
  ['DELETE /users/{id}/sessions', 'sessions:write', '401 401 403 403 404 403 404 404 403'],
  ['DELETE /users/{id}/sessions/{sessionId}', 'sessions:write', '401 401 403 403 404 403 404 404 403'],
  ['GET /sessions', 'sessions:read', '401 401 403 403 200 403 200 200 403'],
  // Off by default.
  ['POST /users/{id}/impersonate', 'users:impersonate', '401 401 403 403 403 403 403 403 403'],
  ['POST /auth/first-administrator', undefined, '400 400 400 400 400 400 400 400 400', {}],
  ['GET /users/{id}/roles', 'roles:read', '401 401 403 403 404 403 404 404 403'],
  ['PUT /users/{id}/roles', 'roles:write', '401 401 403 403 404 403 404 404 403', { roles: [] }],
  ['GET /permissions', 'roles:read', '401 401 403 403 200 403 200 200 403'],
  ['GET /roles', 'roles:read', '401 401 403 403 200 403 200 200 403'],
  ['POST /roles', 'roles:write', '401 401 403 403 400 403 400 400 403', {}],
  ['GET /roles/{name}', 'roles:read', '401 401 403 403 404 403 404 404 403'],
  ['PATCH /roles/{name}', 'roles:write', '401 401 403 403 404 403 404 404 403', {}],
  ['DELETE /roles/{name}', 'roles:write', '401 401 403 403 404 403 404 404 403'],
  ['POST /auth/register', undefined, '400 400 400 400 400 400 400 400 400', {}],
  ['GET /users/me/export', undefined, '401 401 200 200 200 200 200 401 401'],
  ['POST /invitations', 'users:write', '401 401 403 403 400 403 400 400 403', {}],
  ['GET /invitations', 'users:read', '401 401 403 403 200 403 200 200 403'],
  ['DELETE /invitations/{id}', 'users:write', '401 401 403 403 404 403 404 404 403'],
  ['POST /auth/invitations/accept', undefined, '400 400 400 400 400 400 400 400 400', {}],
  // Off by default.
  ['POST /auth/magic-link', undefined, '400 400 400 400 400 400 400 400 400', {}],
  ['POST /auth/magic-link/login', undefined, '400 400 400 400 400 400 400 400 400', {}],
  ['POST /auth/email/verify', undefined, '400 400 400 400 400 400 400 400 400', {}],
  ['POST /auth/email/resend', undefined, '400 400 400 400 400 400 400 400 400', {}],
  ['POST /auth/email/change/confirm', undefined, '400 400 400 400 400 400 400 400 400', {}],
  ['POST /auth/email/change/undo', undefined, '400 400 400 400 400 400 400 400 400', {}],
  ['POST /auth/password/forgot', undefined, '400 400 400 400 400 400 400 400 400', {}],
  ['POST /auth/password/reset', undefined, '400 400 400 400 400 400 400 400 400', {}],
  ['POST /auth/email/change', undefined, '401 401 400 400 400 400 400 400 400', {}],
  ['POST /auth/login', undefined, '400 400 400 400 400 400 400 400 400', {}],
  ['POST /auth/refresh', undefined, '400 400 400 400 400 400 400 400 400', {}],
  ['GET /auth/sessions', undefined, '401 401 200 200 200 200 200 403 403'],
  ['DELETE /auth/sessions/{id}', undefined, '401 401 404 404 404 404 404 403 403'],
  ['GET /auth/revocations', 'revocations:read', '401 401 403 403 403 403 403 200 403'],
  ['POST /auth/password/change', undefined, '401 401 400 400 400 400 400 400 400', {}],
  ['POST /auth/logout', undefined, '401 401 204 204 204 204 204 403 403'],
  ['POST /auth/logout-all', undefined, '401 401 204 204 204 204 204 403 403'],
  ['DELETE /users/me', undefined, '401 401 403 403 403 403 403 401 401', { password: 'x' }],
];
