import { Test } from '@nestjs/testing';
import { generateKeyPairSync } from 'node:crypto';
import { AUTH_SETTINGS, AuthModule, IdentityPrincipalMapper, RevocationSource } from '../index.js';
import type { RevocationSet, AuthSettings } from '../index.js';

const sound: AuthSettings = { issuer: 'https://id.example.com', audience: 'orders' };
const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' });

class Silent extends RevocationSource {
  follow = (_set: RevocationSet) => Promise.resolve();
  stop = () => undefined;
}

/** Starts the module with a value that the compiler would not allow. */
const started = (settings: unknown) =>
  Test.createTestingModule({
    imports: [AuthModule.forRootAsync({ useFactory: () => settings as AuthSettings })],
  }).compile();

describe('AuthModule', () => {
  it.each<[string, unknown, RegExp]>([
    ['no settings', undefined, /^AuthModule must be an object of settings/],
    ['an issuer that the environment does not have', { audience: 'orders' }, /^AuthModule: "issuer" must be/],
    ['nothing', {}, /^AuthModule: "issuer" must be/],
    ['an audience that is a number', { ...sound, audience: 5 }, /"audience" for https:\/\/id.example.com must name/],
    ['an algorithm that is not a list', { ...sound, algorithms: 'ES256' }, /"algorithms" .* must be a list/],
    [
      'a misspelt setting',
      { ...sound, isuer: 'x' },
      /^AuthModule knows no setting "isuer"; there are: issuer, audience,/,
    ],
    [
      'a misspelt setting of an additional issuer',
      { ...sound, issuers: [{ ...sound, jwk: 1 }] },
      /"issuers\[0\]" knows no .*"jwk"/,
    ],
    ['an additional issuer that is undefined', { ...sound, issuers: [undefined] }, /"issuers\[0\]" must be an object/],
    ['issuers that are not a list', { ...sound, issuers: sound }, /"issuers" must be a list/],
    [
      'a misspelt setting of "jwks"',
      { ...sound, jwks: { url: 'x' } },
      /"jwks" knows no setting "url"; there are: uri,/,
    ],
    [
      'a misspelt setting of "revocations"',
      { ...sound, revocations: { folow: true } },
      /"revocations" of https:\/\/id.example.com knows no .*"folow"/,
    ],
    [
      'a misspelt setting of the "revocations" of an additional issuer',
      { ...sound, issuers: [{ ...sound, issuer: 'https://id.partner.com', revocations: { folow: true } }] },
      /"revocations" of https:\/\/id.partner.com knows no .*"folow"/,
    ],
    [
      'a string for "follow"',
      { ...sound, revocations: { follow: 'true', token: 'x' } },
      /"revocations" of .* `follow: "true"`: write true or false/,
    ],
    [
      'a token for a feed without "follow"',
      { ...sound, revocations: { token: 'x' } },
      /"revocations" of https:\/\/id.example.com has a "token" .* Write "follow: true"/,
    ],
    [
      'a token for the feed of an additional issuer without "follow"',
      { ...sound, issuers: [{ ...sound, issuer: 'https://id.partner.com', revocations: { token: 'x' } }] },
      /"revocations" of https:\/\/id.partner.com has a "token"/,
    ],
    [
      '"follow" without a token',
      { ...sound, issuers: [{ ...sound, issuer: 'https://id.partner.com', revocations: { follow: true } }] },
      /"revocations: { follow: true }" needs "token"/,
    ],
    [
      'a misspelt setting of "rememberedProofs"',
      { ...sound, rememberedProofs: { size: 1 } },
      /knows no setting "size"/,
    ],
    ['a class among the settings', { ...sound, mapper: IdentityPrincipalMapper }, /takes "mapper" beside "useFactory"/],
    [
      'a number that is a string',
      { ...sound, clockToleranceSeconds: '5' },
      /`clockToleranceSeconds: "5"`: write a number from 0 to 300,/,
    ],
    [
      'a cool-down that is a string',
      { ...sound, jwks: { cooldownSeconds: '30' } },
      /"jwks" cannot work with `cooldownSeconds: "30"`: write a number/,
    ],
    [
      'a PEM file that is a path',
      { ...sound, staticKeys: [{ pem }, { pem: '/key.pem' }] },
      /"staticKeys\[1\]" for https:\/\/id.example.com: "pem" must be the content/,
    ],
    [
      'a PEM file without line breaks',
      { ...sound, staticKeys: [{ pem: String(pem).replaceAll('\n', '') }] },
      /"staticKeys\[0\]" .*: "pem" cannot be read: .* line breaks/,
    ],
    [
      'a JWK that lacks members',
      { ...sound, staticKeys: [{ jwk: { kty: 'EC', crv: 'P-256', x: 'AA' } }] },
      /"staticKeys\[0\]" .*: "jwk" cannot be read/,
    ],
    [
      'a key that the environment does not have',
      { ...sound, staticKeys: [{ secret: undefined }] },
      /"staticKeys\[0\]" .*: "secret" must be a string/,
    ],
    [
      'a key that is undefined',
      { ...sound, staticKeys: [undefined] },
      /"staticKeys\[0\]" .*: write one of "pem", "jwk" and "secret"/,
    ],
    ['an unknown profile', { ...sound, profile: 'azure' }, /"profile" of .* must be one of entra, auth0, okta,/],
    [
      'a profile without types',
      { ...sound, profile: { tokenTypes: [] } },
      /"profile.tokenTypes" .* must be a list of "typ"/,
    ],
    ['a misspelt member of "claims"', { ...sound, claims: { role: 'x' } }, /"claims" of .* knows no setting "role"/],
    ['a claim that is a number', { ...sound, claims: { roles: 5 } }, /"claims.roles" .* must be the name of a claim/],
    [
      'a feed of an issuer with a profile',
      { ...sound, profile: 'okta', revocations: { follow: true, token: 'x' } },
      /"profile" is for issuers that have none/,
    ],
    [
      'a secret for a profile that has none',
      { ...sound, profile: 'auth0', staticKeys: [{ secret: 'a secret of thirty-two bytes or more' }] },
      /"profile" of https:\/\/id.example.com does not allow HS256/,
    ],
    [
      'a client that signs users in as the audience of Google',
      { ...sound, profile: 'google', audience: '1.apps.googleusercontent.com' },
      /its tokens are ID tokens/,
    ],
    [
      'a placeholder without tenants',
      { issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0', audience: 'orders', profile: 'entra' },
      /"tenants" of .* must be a list of tenant ids/,
    ],
    ['tenants without a placeholder', { ...sound, profile: 'entra', tenants: 'any' }, /"tenants" of .* needs/],
    [
      'tokens of a megabyte',
      { ...sound, maximumTokenBytes: 1e6 },
      /maximumTokenBytes: 1000000`: write a number from 1 to 65536/,
    ],
    ['a key in two forms', { ...sound, staticKeys: [{ pem, secret: 'x' }] }, /"staticKeys\[0\]" .*: write one of/],
  ])('AuthModule fails to start and names the fix if a factory returns %s', async (_, settings, sentence) => {
    await expect(started(settings)).rejects.toThrow(sentence);
  });

  it('AuthModule fails to start if forRoot gets an unknown setting', async () => {
    const misspelt = { ...sound, isuer: 'x', mapper: IdentityPrincipalMapper };
    const module = Test.createTestingModule({ imports: [AuthModule.forRoot(misspelt)] });
    await expect(module.compile()).rejects.toThrow(/knows no setting "isuer"/);
  });

  it.each([
    [
      { profile: 'supabase', issuer: 'https://x.supabase.co/auth/v1' },
      'https://x.supabase.co/auth/v1/.well-known/jwks.json',
    ],
    [{ profile: 'entra', issuer: 'https://sts.windows.net/t/' }, 'https://login.microsoftonline.com/t/discovery/keys'],
    [
      { profile: 'entra', issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0', tenants: 'any' },
      'https://login.microsoftonline.com/common/discovery/v2.0/keys',
    ],
    [{ profile: 'entra', issuer: 'https://login.microsoftonline.com/t/v2.0' }, undefined],
  ])('AuthModule knows where %j publishes its keys', async (issuer, uri) => {
    const module = await started({ ...sound, issuers: [{ ...sound, ...issuer }] });
    expect(module.get<AuthSettings>(AUTH_SETTINGS).issuers![0]!.jwks?.uri).toBe(uri);
  });

  it('AuthModule uses the default of a setting that is undefined', async () => {
    const settings = { ...sound, jwks: { cooldownSeconds: undefined }, issuers: undefined, revocations: undefined };
    await expect(started({ ...settings, rememberedProofs: undefined, staticKeys: undefined })).resolves.toBeDefined();
  });

  it('AuthModule fails to start with two sources of revocations for its own issuer', async () => {
    const start = (revocations: AuthSettings['revocations']) =>
      Test.createTestingModule({
        imports: [AuthModule.forRoot({ ...sound, revocations, revocationSource: Silent })],
      }).compile();
    await expect(start({ follow: true, token: 'x' })).rejects.toThrow(/not both/);
    await expect(start({ token: 'x' })).resolves.toBeDefined();
  });

  it('AuthModule provides the revocation source by its port and by its class', async () => {
    const asked = { provide: 'asked', inject: [RevocationSource, Silent], useFactory: (...both: unknown[]) => both };
    const module = await Test.createTestingModule({
      imports: [AuthModule.forRoot({ ...sound, revocationSource: Silent })],
      providers: [asked],
    }).compile();
    const [port, own] = module.get<unknown[]>('asked');
    expect(port).toBeInstanceOf(Silent);
    expect(own).toBe(port);
  });
});
