import { generateKeyPairSync } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { CheckedMailSettings, LogMailer, MailerNotConfiguredError } from 'postern/mail';
import {
  AuthModule,
  IdentityPrincipalMapper,
  RevocationPublisher,
  RevocationSet,
  StaticVerificationKeys,
} from 'postern/auth';
import {
  Argon2PasswordHasher,
  CheckedPasswordSettings,
  GuessablePasswordPolicy,
  ContextWordsPolicy,
  MinimumLengthPolicy,
} from 'postern/password';
import { EntityClaims, NotDisabledPolicy } from 'postern/sessions';
import { StaticSigningKeys } from 'postern/tokens';
import { User } from 'postern/users';
import {
  claimsProviderSpec,
  loginPolicySpec,
  mailerSpec,
  passwordHasherSpec,
  passwordPolicySpec,
  principalMapperSpec,
  revocationPublisherSpec,
  signingKeysSpec,
  TestIssuer,
  testPrincipal,
  verificationKeysSpec,
} from './index.js';

const ada = Object.assign(new User(), { id: '01938f2e-6a1c-7d3a-9c55-3f6d1c0b7a11', email: 'ada@example.com' });
const disabled = Object.assign(new User(), ada, { disabledAt: new Date() });
const settings = new CheckedPasswordSettings({ productName: 'Acme', argon2: { memoryKiB: 1024, iterations: 1 } });
const publicUrl = 'https://id.acme.test';
const logMailer = (production: boolean): LogMailer =>
  new LogMailer(new CheckedMailSettings({ production, publicUrl, secret: '' }));
const accepts = ['seven small boats at noon', 'sieben kleine Böötchen'];

describe('the shipped ports that need no database', () => {
  beforeAll(() => Logger.overrideLogger(false));

  describe('Argon2PasswordHasher', () => {
    passwordHasherSpec(() => new Argon2PasswordHasher(settings));
  });

  describe('MinimumLengthPolicy', () => {
    passwordPolicySpec(() => new MinimumLengthPolicy(settings), { accepts, rejects: ['too short', '🚣🚣🚣🚣'] });
  });

  describe('GuessablePasswordPolicy', () => {
    passwordPolicySpec(() => new GuessablePasswordPolicy(settings), {
      accepts,
      rejects: ['password123', 'abcabcabcabcabc'],
    });
  });

  describe('ContextWordsPolicy', () => {
    passwordPolicySpec(() => new ContextWordsPolicy(settings), {
      accepts,
      rejects: ['the acme of boats', 'lovelace at noon'],
      context: { email: 'lovelace@example.com' },
    });
  });

  describe('NotDisabledPolicy', () => {
    loginPolicySpec(() => new NotDisabledPolicy(), { admits: [{ user: ada }], rejects: [{ user: disabled }] });
  });

  describe('EntityClaims', () => {
    claimsProviderSpec(() => new EntityClaims(), [ada]);
  });

  describe('IdentityPrincipalMapper', () => {
    principalMapperSpec(() => new IdentityPrincipalMapper(), {
      knows: [testPrincipal(), testPrincipal({ subject: 'b' })],
    });
  });

  describe('LogMailer, in production', () => {
    const make = (): LogMailer => logMailer(true);
    it('LogMailer rejects every message in production', async () => {
      await expect(make().send({ kind: 'a', to: 'b', subject: 'c', text: 'd' })).rejects.toThrow(
        MailerNotConfiguredError,
      );
    });
  });

  describe('LogMailer, in development', () => {
    mailerSpec(() => logMailer(false), {
      makeBroken: () => logMailer(true),
    });
  });

  describe.each([
    ['ES256', { algorithm: 'ES256', privateKey: pemOf('ec', { namedCurve: 'P-256' }) }],
    ['ES384', { algorithm: 'ES384', privateKey: pemOf('ec', { namedCurve: 'P-384' }) }],
    ['PS256', { algorithm: 'PS256', privateKey: pemOf('rsa', { modulusLength: 2048 }) }],
    ['HS256', { algorithm: 'HS256', secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe' }],
  ] as const)('StaticSigningKeys with %s', (_algorithm, key) => {
    signingKeysSpec(() => new StaticSigningKeys([key]));
  });

  describe('StaticVerificationKeys', () => {
    const { settings: trusted, keyId } = new TestIssuer('tests');
    verificationKeysSpec(
      () => new StaticVerificationKeys(new Map([[trusted.issuer, trusted.staticKeys!]])),
      () => ({ issuer: trusted.issuer, kid: keyId }),
    );
  });

  describe('LocalRevocations', () => {
    revocationPublisherSpec(async () => {
      const { settings: trusted } = new TestIssuer('tests');
      const module = await Test.createTestingModule({ imports: [AuthModule.forRoot(trusted)] }).compile();
      return { publisher: module.get(RevocationPublisher), set: module.get(RevocationSet) };
    });
  });
});

function pemOf(type: 'ec', options: { namedCurve: string }): string;
function pemOf(type: 'rsa', options: { modulusLength: number }): string;
function pemOf(type: 'ec' | 'rsa', options: object): string {
  const { privateKey } = generateKeyPairSync(type as 'ec', options as { namedCurve: string });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
