// The suites on real services: Kafka, Fabric, PostgreSQL, Redis, the development network. Where each of them is, say the
// MEDREX_TEST_* variables (libs/contracts/src/testing/real-service.ts); a suite without its service is skipped by name.
import base from './jest.config.js';

export default {
  ...base,
  testMatch: [
    '<rootDir>/{libs,adapters,apps}/*/src/**/*.integration.ts',
    '<rootDir>/test/src/**/*.integration.ts',
    '<rootDir>/tools/**/*.integration.ts',
  ],
  // One at a time: they share the services, and the machine.
  maxWorkers: 1,
  testTimeout: 180_000,
};
