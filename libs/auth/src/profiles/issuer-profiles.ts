import type { IssuerProfile, TokenClaims } from './issuer-profile.js';

/** OpenID Connect Core §2, §3.1.3.6, §3.3.2.11: claims that only ID tokens have. */
const OF_ID_TOKENS = ['nonce', 'at_hash', 'c_hash'] as const;
/** Tokens with many groups or roles exceed 8 KiB. Node reads at most 16 KiB of headers by default. */
const LARGE = 16_384;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The names of the built-in profiles. */
export type IssuerProfileName = keyof typeof PROFILES;

const PROFILES = {
  /** Microsoft Entra ID, tokens of version 1 and 2. An ID token of the same application has no `azp` or `appid`. */
  entra: {
    source: 'https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference',
    tokenTypes: ['jwt'],
    algorithms: ['RS256'],
    // 28 hours for clients with continuous access evaluation.
    maximumLifetimeSeconds: 30 * 3_600,
    maximumTokenBytes: LARGE,
    jwksUri: entraKeySet,
    required: { ver: true, tid: true },
    requiredOneOf: [
      ['azp', 'appid'],
      ['scp', 'roles'],
    ],
    forbidden: OF_ID_TOKENS,
    tenant: { placeholder: '{tenantid}', pattern: UUID, claim: 'tid' },
    claims: {
      tokenId: 'uti',
      clientId: ['azp', 'appid'],
      scopes: 'scp',
      roles: 'roles',
      sessionId: 'sid',
      organization: 'tid',
      acr: 'acr',
      amr: 'amr',
      authenticatedAt: 'auth_time',
    },
  },
  /** Auth0, both token profiles of an API. Roles are in a claim that an Action adds: `claims: { roles }`. */
  auth0: {
    source: 'https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles',
    tokenTypes: ['jwt', 'at+jwt'],
    algorithms: ['RS256', 'PS256'],
    maximumLifetimeSeconds: 30 * 86_400,
    maximumTokenBytes: LARGE,
    requiredOneOf: [['azp', 'client_id']],
    forbidden: OF_ID_TOKENS,
    claims: { clientId: ['client_id', 'azp'], scopes: 'scope', organization: 'org_id' },
  },
  /** Okta, tokens of a custom authorization server. ID tokens have no `cid`. */
  okta: {
    source: 'https://developer.okta.com/docs/reference/api/oidc/#access-token',
    tokenTypes: [null, 'jwt'],
    algorithms: ['RS256'],
    maximumTokenBytes: LARGE,
    required: { cid: true, scp: true },
    forbidden: [...OF_ID_TOKENS, 'idp'],
    claims: { clientId: 'cid', scopes: 'scp', roles: 'groups', authenticatedAt: 'auth_time' },
  },
  /** Amazon Cognito user pools. The audience is the app client, unless the token is bound to a resource. */
  cognito: {
    source:
      'https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html',
    tokenTypes: [null, 'jwt'],
    algorithms: ['RS256'],
    maximumTokenBytes: LARGE,
    required: { token_use: 'access', client_id: true },
    claims: {
      audience: ['aud', 'client_id'],
      clientId: 'client_id',
      scopes: 'scope',
      roles: 'cognito:groups',
      authenticatedAt: 'auth_time',
    },
  },
  /** Keycloak. Roles are those of the realm, and those of the clients that `audience` names. */
  keycloak: {
    source: 'https://www.keycloak.org/docs/latest/server_admin/#_protocol-mappers',
    tokenTypes: ['jwt', 'at+jwt'],
    maximumTokenBytes: LARGE,
    required: { typ: 'Bearer' },
    claims: {
      clientId: ['azp', 'client_id'],
      scopes: 'scope',
      roles: [{ path: ['realm_access', 'roles'] }, { path: ['resource_access', '{audience}', 'roles'] }],
      sessionId: 'sid',
      acr: 'acr',
      authenticatedAt: 'auth_time',
    },
  },
  /**
   * Google, tokens of service accounts for the URL of a service. Google issues no other JWT for an API: the access
   * tokens of users are opaque, and their ID tokens are for the client that signs them in.
   */
  google: {
    source: 'https://cloud.google.com/docs/authentication/token-types#id',
    tokenTypes: ['jwt'],
    algorithms: ['RS256'],
    required: { azp: true },
    forbidden: OF_ID_TOKENS,
    forbiddenAudience: {
      pattern: /\.apps\.googleusercontent\.com$/,
      reason:
        'is a client that signs users in, and its tokens are ID tokens. Write the URL of the service, and use ' +
        'tokens of service accounts',
    },
    claims: { clientId: 'azp' },
  },
  /** Supabase Auth. A project with the legacy secret needs `staticKeys: [{ secret, kid }]`. */
  supabase: {
    source: 'https://supabase.com/docs/guides/auth/jwt-fields',
    tokenTypes: ['jwt'],
    algorithms: ['ES256', 'RS256'],
    allowsSecret: true,
    maximumLifetimeSeconds: 7 * 86_400,
    maximumTokenBytes: LARGE,
    jwksUri: (issuer: string) => `${issuer}/.well-known/jwks.json`,
    required: { session_id: true, role: true },
    forbidden: OF_ID_TOKENS,
    claims: { clientId: 'client_id', roles: 'role', sessionId: 'session_id', acr: 'aal', amr: methodsOf },
  },
  /** Duende IdentityServer. The token of a client without a user has no `sub`, so the client is the subject. */
  duende: {
    source: 'https://docs.duendesoftware.com/identityserver/reference/options/',
    tokenTypes: ['at+jwt'],
    maximumTokenBytes: LARGE,
    required: { client_id: true },
    claims: {
      subject: ['sub', 'client_id'],
      clientId: 'client_id',
      scopes: 'scope',
      roles: 'role',
      sessionId: 'sid',
      acr: 'acr',
      amr: 'amr',
      authenticatedAt: 'auth_time',
    },
  },
} as const satisfies Readonly<Record<string, IssuerProfile>>;

/** The built-in profiles. Spread one to change it. */
export const ISSUER_PROFILES: Readonly<Record<IssuerProfileName, IssuerProfile>> = PROFILES;

/**
 * The metadata of a multi-tenant issuer have a placeholder in their `issuer`. The keys for tokens of version 1, whose
 * issuer is `sts.windows.net`, are on the host of version 2.
 */
function entraKeySet(issuer: string): string | undefined {
  if (!URL.canParse(issuer)) return undefined;
  const { hostname, origin } = new URL(issuer);
  const [tenant = ''] = issuer.slice(origin.length + 1).split('/');
  const directory = tenant === '{tenantid}' ? 'common' : tenant;
  if (hostname === 'sts.windows.net') return `https://login.microsoftonline.com/${directory}/discovery/keys`;
  return directory === 'common' ? `${origin}/common/discovery/v2.0/keys` : undefined;
}

/** Supabase writes `amr` as a list of objects with `method` and `timestamp`. */
function methodsOf({ amr }: TokenClaims): unknown {
  return Array.isArray(amr) ? amr.map((entry: { method?: unknown } | null) => entry?.method) : amr;
}
