import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { Controller, Get, Module } from '@nestjs/common';
import { AuthModule, CurrentPrincipal, RequireScopes, RevocationPublisher } from 'postern/auth';
import type { AuthSettings, IssuerSettings, Principal } from 'postern/auth';
import { ProblemModule } from 'postern/problem';
import { startTestApplication, TestIssuer } from 'postern/testing';
import type { TestApplication } from 'postern/testing';

const TENANT = '9188040d-6c67-4c5b-b112-36a304b66dad';
const OTHER_TENANT = 'f8cdef31-a31e-4b4a-93e4-5f571e91255a';
const CLIENT = '6731de76-14a6-49ae-97bc-6eba6914391e';
const USER = '3b4c5d6e-7f80-4912-a3b4-c5d6e7f80912';
const LEGACY_SECRET = 'the legacy secret of a project, 40 characters';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const now = Math.floor(Date.now() / 1000);
const times = { iat: now - 10, exp: now + 3_590 };

type Json = Record<string, unknown>;

interface Signed {
  readonly header: Json;
  readonly claims: Json;
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

/** Signs what the vendor documents: the header decides which key signs. */
function signed({ header, claims }: Signed, key = header.alg === 'ES256' ? ec.privateKey : rsa.privateKey): string {
  const input = `${encoded(header)}.${encoded(claims)}`;
  if (header.alg === 'HS256')
    return `${input}.${createHmac('sha256', LEGACY_SECRET).update(input).digest('base64url')}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

const RS256 = { alg: 'RS256', kid: 'vendor-rsa' };

interface Vendor {
  readonly settings: IssuerSettings;
  readonly access: Signed;
  readonly principal: Partial<Principal>;
  /** Changes of claims and header that make it the vendor's ID token for the same audience. */
  readonly idToken: { readonly header?: Json; readonly claims: Json };
  /** Default: `aud`. */
  readonly audienceClaim?: string;
}

const entraV2 = `https://login.microsoftonline.com/${TENANT}/v2.0`;

/** Headers and claims as the pages in `ISSUER_PROFILES[…].source` show them. `undefined` removes a claim. */
const VENDORS: Readonly<Record<string, Vendor>> = {
  'Entra ID, version 2': {
    settings: { issuer: entraV2, audience: CLIENT, profile: 'entra' },
    access: {
      header: { typ: 'JWT', ...RS256 },
      claims: {
        aud: CLIENT,
        iss: entraV2,
        nbf: times.iat,
        ...times,
        aio: 'AXQAi/8IAAAA',
        azp: CLIENT,
        azpacr: '0',
        name: 'Ada',
        oid: USER,
        preferred_username: 'ada@example.com',
        rh: 'I',
        scp: 'orders:read access_as_user',
        roles: ['Orders.Admin'],
        sub: 'HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ',
        tid: TENANT,
        uti: 'fqiBqXLPj0eQa',
        ver: '2.0',
      },
    },
    principal: {
      tokenId: 'fqiBqXLPj0eQa',
      clientId: CLIENT,
      organization: TENANT,
      scopes: ['orders:read', 'access_as_user'],
      roles: ['Orders.Admin'],
    },
    idToken: { claims: { azp: undefined, azpacr: undefined, scp: undefined, email: 'ada@example.com' } },
  },
  'Entra ID, version 1': {
    settings: { issuer: `https://sts.windows.net/${TENANT}/`, audience: 'api://orders', profile: 'entra' },
    access: {
      header: { typ: 'JWT', ...RS256, x5t: 'i6lGk3FZzxRcUb2C3nEQ7syHJlY' },
      claims: {
        aud: 'api://orders',
        iss: `https://sts.windows.net/${TENANT}/`,
        nbf: times.iat,
        ...times,
        acr: '1',
        aio: 'AXQAi/8IAAAA',
        amr: ['pwd'],
        appid: CLIENT,
        appidacr: '0',
        oid: USER,
        ipaddr: '192.0.2.1',
        scp: 'orders:read',
        sub: 'l3_roISQU222bULS9yi2k0XpqpOiMz5H3ZACo1GeXA',
        tid: TENANT,
        uti: 'bYhuMU2U',
        ver: '1.0',
      },
    },
    principal: { clientId: CLIENT, acr: '1', amr: ['pwd'], scopes: ['orders:read'] },
    idToken: { claims: { appid: undefined, scp: undefined, nonce: '12345' } },
  },
  Auth0: {
    settings: {
      issuer: 'https://my-domain.auth0.com/',
      audience: 'https://example.com/orders-api',
      profile: 'auth0',
      claims: { roles: 'https://example.com/roles' },
    },
    access: {
      header: { typ: 'JWT', ...RS256 },
      claims: {
        iss: 'https://my-domain.auth0.com/',
        sub: 'auth0|123456',
        azp: 'my_client_id',
        ...times,
        aud: ['https://example.com/orders-api', 'https://my-domain.auth0.com/userinfo'],
        scope: 'openid profile orders:read',
        permissions: ['orders:read'],
        'https://example.com/roles': ['admin'],
      },
    },
    principal: { subject: 'auth0|123456', clientId: 'my_client_id', roles: ['admin'] },
    idToken: { claims: { azp: undefined, scope: undefined, nonce: 'n-0S6_WzA2Mj' } },
  },
  Okta: {
    settings: { issuer: 'https://acme.okta.com/oauth2/default', audience: 'api://default', profile: 'okta' },
    access: {
      header: RS256,
      claims: {
        ver: 1,
        jti: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
        iss: 'https://acme.okta.com/oauth2/default',
        aud: 'api://default',
        sub: 'ada@example.com',
        ...times,
        cid: '0oabskvc6442nkvQO0h7',
        uid: '00u5t60iloOHN9pBi0h7',
        scp: ['openid', 'orders:read'],
        groups: ['Everyone', 'Admins'],
        auth_time: times.iat,
      },
    },
    principal: {
      tokenId: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
      clientId: '0oabskvc6442nkvQO0h7',
      scopes: ['openid', 'orders:read'],
      roles: ['Everyone', 'Admins'],
    },
    idToken: { claims: { cid: undefined, scp: undefined, jti: 'ID.1', idp: '00ok1u7AsAkrwdZL3z0g3', amr: ['pwd'] } },
  },
  'Amazon Cognito': {
    settings: {
      issuer: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example',
      audience: '1example23456789',
      profile: 'cognito',
    },
    access: {
      header: { kid: RS256.kid, alg: RS256.alg },
      claims: {
        sub: USER,
        device_key: 'aaaaaaaa',
        'cognito:groups': ['admin'],
        version: 2,
        ...times,
        jti: 'jti-1',
        iss: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example',
        client_id: '1example23456789',
        origin_jti: 'o',
        event_id: 'e',
        token_use: 'access',
        scope: 'orders:read',
        auth_time: times.iat,
        username: 'ada',
      },
    },
    principal: { audience: ['1example23456789'], clientId: '1example23456789', roles: ['admin'] },
    idToken: { claims: { token_use: 'id', aud: '1example23456789', client_id: undefined, scope: undefined } },
    audienceClaim: 'client_id',
  },
  Keycloak: {
    settings: { issuer: 'https://sso.example.com/realms/acme', audience: 'orders', profile: 'keycloak' },
    access: {
      header: { alg: 'RS256', typ: 'JWT', kid: RS256.kid },
      claims: {
        ...times,
        auth_time: times.iat,
        jti: 'onrtac:6c5b',
        iss: 'https://sso.example.com/realms/acme',
        aud: ['orders', 'account'],
        sub: USER,
        typ: 'Bearer',
        azp: 'shop',
        sid: 'b5a1',
        acr: '1',
        scope: 'openid orders:read',
        'allowed-origins': ['https://shop.example.com'],
        realm_access: { roles: ['offline_access'] },
        resource_access: { orders: { roles: ['clerk'] }, account: { roles: ['manage-account'] } },
      },
    },
    principal: { clientId: 'shop', sessionId: 'b5a1', acr: '1', roles: ['offline_access', 'clerk'] },
    idToken: { claims: { typ: 'ID', at_hash: 'x', realm_access: undefined, scope: undefined } },
  },
  Google: {
    settings: { issuer: 'https://accounts.google.com', audience: 'https://orders.example.com', profile: 'google' },
    access: {
      header: { ...RS256, typ: 'JWT' },
      claims: {
        aud: 'https://orders.example.com',
        azp: '113774264463038321964',
        iss: 'https://accounts.google.com',
        ...times,
        email: 'shop@acme.iam.gserviceaccount.com',
        email_verified: true,
        sub: '113774264463038321964',
      },
    },
    principal: { subject: '113774264463038321964', clientId: '113774264463038321964', scopes: [], roles: [] },
    idToken: { claims: { at_hash: 'HK6E_P6Dh8Y93mRNtsDB1Q', nonce: '0394852-3190485-2490358', hd: 'example.com' } },
  },
  Supabase: {
    settings: { issuer: 'https://acme.supabase.co/auth/v1', audience: 'authenticated', profile: 'supabase' },
    access: {
      header: { alg: 'ES256', kid: 'vendor-ec', typ: 'JWT' },
      claims: {
        iss: 'https://acme.supabase.co/auth/v1',
        aud: 'authenticated',
        ...times,
        sub: USER,
        role: 'authenticated',
        aal: 'aal1',
        session_id: 'c0b3',
        email: 'ada@example.com',
        phone: '',
        is_anonymous: false,
        app_metadata: { provider: 'email' },
        user_metadata: {},
        amr: [{ method: 'password', timestamp: times.iat }],
      },
    },
    principal: { sessionId: 'c0b3', roles: ['authenticated'], acr: 'aal1', amr: ['password'] },
    idToken: { claims: { role: undefined, session_id: undefined, nonce: 'n', auth_time: times.iat } },
  },
  'Supabase with the legacy secret': {
    settings: {
      issuer: 'https://legacy.supabase.co/auth/v1',
      audience: 'authenticated',
      profile: 'supabase',
      staticKeys: [{ secret: LEGACY_SECRET, kid: 'legacy' }],
    },
    access: {
      header: { alg: 'HS256', kid: 'legacy', typ: 'JWT' },
      claims: {
        iss: 'https://legacy.supabase.co/auth/v1',
        aud: 'authenticated',
        ...times,
        sub: USER,
        role: 'authenticated',
        aal: 'aal1',
        session_id: 'c0b3',
        email: 'ada@example.com',
        amr: [{ method: 'otp', timestamp: times.iat }],
      },
    },
    principal: { sessionId: 'c0b3', amr: ['otp'] },
    idToken: { claims: { role: undefined, session_id: undefined, nonce: 'n' } },
  },
  'Duende IdentityServer': {
    settings: { issuer: 'https://demo.duendesoftware.com', audience: 'api', profile: 'duende' },
    access: {
      header: { ...RS256, typ: 'at+jwt' },
      claims: {
        iss: 'https://demo.duendesoftware.com',
        nbf: times.iat,
        ...times,
        aud: 'api',
        scope: ['api', 'orders:read'],
        client_id: 'm2m',
        jti: 'B4D4',
      },
    },
    principal: { subject: 'm2m', clientId: 'm2m', scopes: ['api', 'orders:read'] },
    idToken: { header: { typ: 'JWT' }, claims: { sub: '1', scope: undefined, sid: 'A1', at_hash: 'x' } },
  },
};

@Controller('desk')
class DeskController {
  @Get()
  desk(@CurrentPrincipal() principal: Principal): object {
    return { ...principal };
  }

  @RequireScopes('orders:read')
  @Get('orders')
  orders(): object {
    return {};
  }
}

@Module({ controllers: [DeskController] })
class TeamModule {}

const own = new TestIssuer('own', 'https://id.acme.test');
const template = 'https://login.microsoftonline.com/{tenantid}/v2.0';

describe('a service that accepts tokens of other vendors', () => {
  let server: Server;
  let uri: string;
  const apps: TestApplication[] = [];

  const started = async (settings: AuthSettings): Promise<TestApplication> => {
    const app = await startTestApplication({
      module: TeamModule,
      imports: [ProblemModule.forRoot({}), AuthModule.forRoot(settings)],
    });
    apps.push(app);
    return app;
  };
  const local = (settings: IssuerSettings): IssuerSettings =>
    settings.staticKeys ? settings : { ...settings, jwks: { uri } };
  const changed = ({ header, claims }: Signed, change: Partial<Signed>): Signed => ({
    header: { ...header, ...change.header },
    claims: { ...claims, ...change.claims },
  });

  beforeAll(async () => {
    const common = { use: 'sig', x5t: 'i6lGk3FZzxRcUb2C3nEQ7syHJlY', x5c: ['MIIC'] };
    const keys = [
      { ...rsa.publicKey.export({ format: 'jwk' }), ...common, kid: 'vendor-rsa', alg: 'RS256' },
      { ...rsa.publicKey.export({ format: 'jwk' }), ...common, kid: 'of-all', alg: 'RS256', issuer: template },
      { ...rsa.publicKey.export({ format: 'jwk' }), ...common, kid: 'of-one', alg: 'RS256', issuer: entraV2 },
      { ...ec.publicKey.export({ format: 'jwk' }), use: 'sig', kid: 'vendor-ec', alg: 'ES256' },
    ];
    server = createServer((_, response) => response.end(JSON.stringify({ keys })));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    await started({ ...own.settings, issuers: Object.values(VENDORS).map(({ settings }) => local(settings)) });
  });

  afterAll(async () => {
    await Promise.all(apps.map((app) => app.close()));
    server?.close();
  });

  it.each(Object.entries(VENDORS))('the service accepts an access token of %s', async (_, vendor) => {
    const token = signed(vendor.access);
    // Three times, because the cache keeps a token from its second use.
    for (let use = 0; use < 3; use += 1) {
      const { status, body } = await apps[0]!.call('GET', '/desk', { token });
      expect([status, body]).toEqual([200, expect.objectContaining(vendor.principal)]);
    }
    const scopes = [vendor.access.claims.scope, vendor.access.claims.scp].flat().join(' ');
    const { status } = await apps[0]!.call('GET', '/desk/orders', { token });
    expect(status).toBe(scopes.includes('orders:read') ? 200 : 403);
  });

  it.each(Object.entries(VENDORS))('the service rejects other tokens of %s', async (_, vendor) => {
    const { access, idToken, audienceClaim = 'aud' } = vendor;
    const rejected: Readonly<Record<string, string>> = {
      'an ID token for the same audience': signed(changed(access, idToken)),
      'a token for another audience': signed(changed(access, { claims: { [audienceClaim]: 'another' } })),
      'a token of another issuer': signed(changed(access, { claims: { iss: `${vendor.settings.issuer}x` } })),
      'a token without exp': signed(changed(access, { claims: { exp: undefined } })),
      'an expired token': signed(changed(access, { claims: { exp: now - 60, iat: now - 600 } })),
      'a token with another type': signed(changed(access, { header: { typ: 'logout+jwt' } })),
      'a token that is bound to a key': signed(changed(access, { claims: { cnf: { jkt: 'x' } } })),
      'a token of another key': signed(changed(access, { header: RS256 }), stranger.privateKey),
    };
    for (const [name, token] of Object.entries(rejected)) {
      const { status, body } = await apps[0]!.call('GET', '/desk', { token });
      expect([name, status, body.code]).toEqual([name, 401, 'invalid-token']);
    }
  });

  it('the service identifies a token without jti by its signed text, so that it can be revoked', async () => {
    const [token, other] = [VENDORS.Auth0!.access, changed(VENDORS.Auth0!.access, { claims: { sub: 'auth0|2' } })].map(
      (one) => signed(one),
    );
    const { body } = await apps[0]!.call<{ tokenId: string; issuer: string }>('GET', '/desk', { token });
    expect(body.tokenId).toMatch(/^[\w-]{43}$/);
    const { tokenId: target, issuer } = body;
    await apps[0]!.nest.get(RevocationPublisher).publish({ kind: 'token', target, issuer, reason: 'stolen' });
    expect((await apps[0]!.call('GET', '/desk', { token })).status).toBe(401);
    expect((await apps[0]!.call('GET', '/desk', { token: other })).status).toBe(200);
  });

  it('the service accepts tokens of 16 KiB from a vendor, and of 8 KiB from its own issuer', async () => {
    const claims = { padding: 'x'.repeat(10_000) };
    const large = signed(changed(VENDORS.Okta!.access, { claims }));
    expect((await apps[0]!.call('GET', '/desk', { token: large })).status).toBe(200);
    expect((await apps[0]!.call('GET', '/desk', { token: own.token({ subject: 'ada', claims }) })).status).toBe(401);
  });

  describe('with an issuer of several tenants', () => {
    const ofTenant = (tenant: string, change: Partial<Signed> = {}): string =>
      signed(
        changed(VENDORS['Entra ID, version 2']!.access, {
          header: { kid: 'of-all', ...change.header },
          claims: { iss: template.replace('{tenantid}', tenant), tid: tenant, ...change.claims },
        }),
      );
    const statusOf = async (app: TestApplication, token: string): Promise<number> =>
      (await app.call('GET', '/desk', { token })).status;

    it('the service accepts the tokens of the listed tenants, and rejects those of others', async () => {
      const app = await started({
        ...own.settings,
        issuers: [local({ issuer: template, audience: CLIENT, profile: 'entra', tenants: [TENANT] })],
      });
      for (let use = 0; use < 3; use += 1) expect(await statusOf(app, ofTenant(TENANT))).toBe(200);
      expect(await statusOf(app, ofTenant(OTHER_TENANT))).toBe(401);
      expect(await statusOf(app, ofTenant(TENANT, { claims: { iss: template } }))).toBe(401);
      expect(await statusOf(app, ofTenant(TENANT, { claims: { tid: OTHER_TENANT } }))).toBe(401);
    });

    it('the service accepts any tenant if it says so, and a key that belongs to one tenant only for that tenant', async () => {
      const app = await started(local({ issuer: template, audience: CLIENT, profile: 'entra', tenants: 'any' }));
      expect(await statusOf(app, ofTenant(OTHER_TENANT))).toBe(200);
      expect(await statusOf(app, ofTenant('common'))).toBe(401);
      expect(await statusOf(app, ofTenant(TENANT, { header: { kid: 'of-one' } }))).toBe(200);
      expect(await statusOf(app, ofTenant(OTHER_TENANT, { header: { kid: 'of-one' } }))).toBe(401);
    });
  });

  it('a profile of your own accepts tokens that no vendor of the list issues', async () => {
    const issuer = 'https://id.custom.test';
    const app = await started({
      ...own.settings,
      issuers: [
        local({
          issuer,
          audience: 'orders',
          profile: {
            tokenTypes: [null],
            required: { kind: 'access' },
            claims: { scopes: 'permissions', roles: ({ grants }) => Object.keys(grants as object) },
          },
        }),
      ],
    });
    const claims = { iss: issuer, aud: 'orders', sub: 'ada', ...times, kind: 'access', grants: { clerk: 1 } };
    const access = { header: RS256, claims: { ...claims, permissions: ['orders:read'] } };
    const { body } = await app.call('GET', '/desk', { token: signed(access) });
    expect(body).toMatchObject({ scopes: ['orders:read'], roles: ['clerk'] });
    const bad = [{ kind: 'id' }, { grants: undefined }, { permissions: ['orders:read orders:write'] }];
    for (const change of bad) {
      expect((await app.call('GET', '/desk', { token: signed(changed(access, { claims: change })) })).status).toBe(401);
    }
  });
});
