// Tests read TypeScript sources through the @medrex/source export condition; nothing is built for them, except where a
// test starts a real process.
export default {
  testEnvironment: 'node',
  testMatch: [
    '<rootDir>/{libs,adapters,apps}/*/src/**/*.test.ts',
    '<rootDir>/test/src/**/*.test.ts',
    '<rootDir>/tools/**/*.test.ts',
  ],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
      },
    ],
  },
  setupFiles: ['<rootDir>/tools/property-seed.js'],
  testEnvironmentOptions: { customExportConditions: ['@medrex/source', 'node', 'node-addons'] },
  modulePathIgnorePatterns: ['<rootDir>/.*/dist/'],
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  maxWorkers: 2,
  // Generous: a loaded machine must not make a test fail. What has to be quick is measured in bench/.
  testTimeout: 90_000,
};
