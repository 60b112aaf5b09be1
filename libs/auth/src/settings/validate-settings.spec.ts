import { Test } from '@nestjs/testing';
import { generateKeyPairSync } from 'node:crypto';
import { AuthModule, IdentityPrincipalMapper, RevocationSource } from '../index.js';
import type { RevocationSet, AuthSettings } from '../index.js';

const sound: AuthSettings = { issuer: 'https://id.example.com', audience: 'orders' };
const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' });

class Silent extends RevocationSource {
  follow = (_set: RevocationSet) => Promise.resolve();
  stop = () => undefined;
}

/** Whatever a factory may return in spite of the compiler. */
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
    ['an algorithm that is no list', { ...sound, algorithms: 'ES256' }, /"algorithms" .* must be a list/],
    [
      'a misspelt setting',
      { ...sound, isuer: 'x' },
      /^AuthModule knows no setting "isuer"; there are: issuer, audience,/,
    ],
    [
      'a misspelt setting of a further issuer',
      { ...sound, issuers: [{ ...sound, jwk: 1 }] },
      /"issuers\[0\]" knows no .*"jwk"/,
    ],
    ['a further issuer that is none', { ...sound, issuers: [undefined] }, /"issuers\[0\]" must be an object/],
    ['issuers that are no list', { ...sound, issuers: sound }, /"issuers" must be a list/],
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
      'one of a further issuer',
      { ...sound, issuers: [{ ...sound, issuer: 'https://id.partner.com', revocations: { folow: true } }] },
      /"revocations" of https:\/\/id.partner.com knows no .*"folow"/,
    ],
    [
      'a feed that is followed by a text',
      { ...sound, revocations: { follow: 'true', token: 'x' } },
      /"revocations.follow" must be true or false/,
    ],
    [
      'a token for a feed that nobody follows',
      { ...sound, revocations: { token: 'x' } },
      /"revocations" of https:\/\/id.example.com has a "token" .* write "follow: true"/,
    ],
    [
      'a token for the feed of a further issuer that nobody follows',
      { ...sound, issuers: [{ ...sound, issuer: 'https://id.partner.com', revocations: { token: 'x' } }] },
      /"revocations" of https:\/\/id.partner.com has a "token"/,
    ],
    [
      'a feed that is followed without a token',
      { ...sound, issuers: [{ ...sound, issuer: 'https://id.partner.com', revocations: { follow: true } }] },
      /"revocations: { follow: true }" needs "token"/,
    ],
    [
      'a misspelt setting of "rememberedProofs"',
      { ...sound, rememberedProofs: { size: 1 } },
      /knows no setting "size"/,
    ],
    ['a class among them', { ...sound, mapper: IdentityPrincipalMapper }, /takes "mapper" beside "useFactory"/],
    ['a number that is a text', { ...sound, clockToleranceSeconds: '5' }, /as a number, and is '5'\.$/],
    [
      'a cool-down that is a text',
      { ...sound, jwks: { cooldownSeconds: '30' } },
      /"jwks.cooldownSeconds" .* is '30'\.$/,
    ],
    [
      'a PEM file that is a path',
      { ...sound, staticKeys: [{ pem }, { pem: '/key.pem' }] },
      /"staticKeys\[1\]" for https:\/\/id.example.com: "pem" must be the text/,
    ],
    [
      'a PEM file without line breaks',
      { ...sound, staticKeys: [{ pem: String(pem).replaceAll('\n', '') }] },
      /"staticKeys\[0\]" .*: "pem" cannot be read: .* line breaks/,
    ],
    [
      'a JWK that lacks half',
      { ...sound, staticKeys: [{ jwk: { kty: 'EC', crv: 'P-256', x: 'AA' } }] },
      /"staticKeys\[0\]" .*: "jwk" cannot be read/,
    ],
    [
      'a key that the environment does not have',
      { ...sound, staticKeys: [{ secret: undefined }] },
      /"staticKeys\[0\]" .*: "secret" must be a text/,
    ],
    [
      'a key that is none',
      { ...sound, staticKeys: [undefined] },
      /"staticKeys\[0\]" .*: write one of "pem", "jwk" and "secret"/,
    ],
    ['a key that is two', { ...sound, staticKeys: [{ pem, secret: 'x' }] }, /"staticKeys\[0\]" .*: write one of/],
  ])('says what to write where a factory returns %s', async (_, settings, sentence) => {
    await expect(started(settings)).rejects.toThrow(sentence);
  });

  it('says so of forRoot as well', async () => {
    const misspelt = { ...sound, isuer: 'x', mapper: IdentityPrincipalMapper };
    const module = Test.createTestingModule({ imports: [AuthModule.forRoot(misspelt)] });
    await expect(module.compile()).rejects.toThrow(/knows no setting "isuer"/);
  });

  it('takes a setting that is there and undefined for one that is not there', async () => {
    const given = { ...sound, jwks: { cooldownSeconds: undefined }, issuers: undefined, revocations: undefined };
    await expect(started({ ...given, rememberedProofs: undefined, staticKeys: undefined })).resolves.toBeDefined();
  });

  it('takes one who tells of the revocations of its own issuer, and not two', async () => {
    const start = (revocations: AuthSettings['revocations']) =>
      Test.createTestingModule({
        imports: [AuthModule.forRoot({ ...sound, revocations, revocationSource: Silent })],
      }).compile();
    await expect(start({ follow: true, token: 'x' })).rejects.toThrow(/not both/);
    await expect(start({ token: 'x' })).resolves.toBeDefined();
  });

  it('shows who tells of revocations, by the port and by the class', async () => {
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
