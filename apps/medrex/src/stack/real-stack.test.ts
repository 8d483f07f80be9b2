import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realStack } from './real-stack.ts';

const addresses = {
  MEDREX_KAFKA_BROKERS: '127.0.0.1:27001',
  MEDREX_POSTGRES_URL: 'postgres://medrex@127.0.0.1:27021/medrex',
  MEDREX_TENANT_KEY_FILE: '/tenant-key',
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'medrex-real-stack-'));
});
afterEach(() => {
  delete process.env['MEDREX_KAFKA_BROKERS'];
  rmSync(folder, { recursive: true });
});

const state = (env: Readonly<Record<string, string>>): void =>
  writeFileSync(join(folder, 'state.json'), JSON.stringify({ options: {}, processes: {}, env }));

describe('realStack', () => {
  it('sets log, ledger and stores of the services from the state of the stack', () => {
    state({ ...addresses, MEDREX_FABRIC_PROFILE: '/profile.json', MEDREX_TEST_DEVNET: '/model.json' });
    const { env, ledger, dataDir } = realStack(folder);
    expect(env).toEqual({
      ...addresses,
      MEDREX_FABRIC_PROFILE: '/profile.json',
      MEDREX_LOG: 'kafka',
      MEDREX_LEDGER: 'fabric',
      MEDREX_STORES: 'postgres',
      MEDREX_KAFKA_DURABILITY: 'one-broker',
      MEDREX_CLUSTER: 'stack',
    });
    expect([ledger, dataDir]).toEqual(['Fabric, /profile.json', join(folder, 'services')]);
  });

  it('labels the development network as a model', () => {
    state({ ...addresses, MEDREX_TEST_DEVNET: '/model.json' });
    const { env, ledger } = realStack(folder);
    expect(env).toMatchObject({ MEDREX_FABRIC_PROFILE: '/model.json' });
    expect(ledger).toMatch(/model of Fabric/);
  });

  it('gives precedence to variables of the caller', () => {
    state({ ...addresses, MEDREX_FABRIC_PROFILE: '/profile.json' });
    process.env['MEDREX_KAFKA_BROKERS'] = 'kafka.hospital:9092';
    expect(realStack(folder).env).toMatchObject({ MEDREX_KAFKA_BROKERS: 'kafka.hospital:9092' });
  });

  it('refuses a stack that was never up, is down, or lacks a part', () => {
    expect(() => realStack(folder)).toThrow(/there is no stack in/);
    state({});
    expect(() => realStack(folder)).toThrow(
      /no MEDREX_KAFKA_BROKERS, no MEDREX_POSTGRES_URL, no MEDREX_TENANT_KEY_FILE, no MEDREX_FABRIC_PROFILE/,
    );
    state(addresses);
    expect(() => realStack(folder)).toThrow(/no MEDREX_FABRIC_PROFILE/);
  });
});
