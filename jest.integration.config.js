// The suites on real services: Kafka, Fabric, PostgreSQL, Redis, the development network. Where each of them is, say the
// MEDREX_TEST_* variables (libs/contracts/src/testing/real-service.ts); a suite without its service is skipped by name.
// What is not set comes from the stack that is up: `npm run stack -- up`, or the one in the folder MEDREX_STACK_DIR.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import base from './jest.config.js';

const state = join(process.env.MEDREX_STACK_DIR ?? join(import.meta.dirname, '.stack'), 'state.json');
const found = existsSync(state) ? JSON.parse(readFileSync(state, 'utf8')).env : {};
for (const [name, value] of Object.entries(found)) if (name.startsWith('MEDREX_TEST_')) process.env[name] ??= value;

export default {
  ...base,
  testMatch: [
    '<rootDir>/{libs,adapters,apps}/*/src/**/*.integration.ts',
    '<rootDir>/test/src/**/*.integration.ts',
    '<rootDir>/tools/**/*.integration.ts',
  ],
  // One at a time: they share the services, and the machine. .ci/run has a second run beside it, of those with services of their own.
  maxWorkers: 1,
  testTimeout: 180_000,
};
