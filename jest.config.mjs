import { availableParallelism } from 'node:os';

/** SWC compiles for Jest, so the options that decorators depend on are written here once more. */
const swc = {
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    target: 'es2023',
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    keepClassNames: true,
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
};

const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
  moduleNameMapper: {
    '^postern$': '<rootDir>/libs/postern/src/index.ts',
    '^postern/cors-settings$': '<rootDir>/libs/postern/src/http/cors/cors-settings.ts',
    '^postern/accounts/import$': '<rootDir>/libs/accounts/src/import/index.ts',
    '^postern/password/foreign-hashes$': '<rootDir>/libs/password/src/foreign-hashes/index.ts',
    '^postern/persistence/database-url$': '<rootDir>/libs/persistence/src/connections/database-url.ts',
    '^postern/problem/nearest-name$': '<rootDir>/libs/problem/src/settings/nearest-name.ts',
    '^postern/persistence/redis$': '<rootDir>/libs/persistence/src/redis/connect-redis.ts',
    '^postern/persistence/redis-url$': '<rootDir>/libs/persistence/src/redis/redis-url.ts',
    '^postern/tokens/issuer-address$': '<rootDir>/libs/tokens/src/issuer-address.ts',
    '^postern/auth/outgoing-calls$': '<rootDir>/libs/auth/src/outgoing-calls.ts',
    '^postern/testing/auth$': '<rootDir>/libs/testing/src/auth.ts',
    '^postern/(.*)$': '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.postern/'],
};

export default {
  reporters: ['default', '<rootDir>/test/support/skipped-tests.reporter.mjs'],
  testTimeout: 60_000,
  // Suites wait for processes and clocks more than they compute, so four go at once even where Jest would start one.
  maxWorkers: Math.max(4, availableParallelism() - 1),
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/{src,libs}/**/*.spec.ts', '<rootDir>/test/**/*.spec.ts'] },
    {
      ...shared,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/**/*.e2e-spec.ts'],
      globalSetup: '<rootDir>/test/support/global-setup.mjs',
      globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
    },
  ],
};
