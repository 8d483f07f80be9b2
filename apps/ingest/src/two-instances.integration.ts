import { expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { PostgresPool, postgresPoolOptions, type PostgresPoolOptions } from '@medrex/postgres';
import { createTelemetry, type Telemetry } from '@medrex/telemetry';
import { randomBytes } from 'node:crypto';
import { ingestConfig, type IngestConfig } from './config.ts';
import { openStores, type OpenedStores } from './stores.ts';
import { twoInstances } from './testing/two-instances.ts';

describeReal('POSTGRES', 'ingest with MEDREX_STORES=postgres', (url) => {
  const configOf = (schema: string, key: string): IngestConfig =>
    ingestConfig.parse({
      MEDREX_STORES: 'postgres',
      MEDREX_POSTGRES_URL: url,
      MEDREX_POSTGRES_TLS: 'off',
      MEDREX_POSTGRES_SCHEMA: schema,
      MEDREX_TENANT_KEY: key,
    });
  const newSchema = (): string => `test_${randomBytes(6).toString('hex')}`;
  const drop = async (config: IngestConfig): Promise<void> => {
    const pool = new PostgresPool(postgresPoolOptions(config) as PostgresPoolOptions);
    await pool.use((client) => client.query(`DROP SCHEMA ${config.MEDREX_POSTGRES_SCHEMA} CASCADE`));
    await pool.close();
  };
  const quiet = (): Telemetry =>
    createTelemetry({ service: 'ingest', traceRatio: 0, isPretty: false, writeLog: () => undefined, isStrict: true });

  twoInstances('PostgreSQL', async () => {
    const config = configOf(newSchema(), randomBytes(32).toString('hex'));
    const opened: OpenedStores[] = [];
    return {
      open: async () => {
        const stores = await openStores(config, quiet(), true);
        opened.push(stores);
        return stores;
      },
      dispose: async () => {
        await Promise.all(opened.map((stores) => stores.close()));
        await drop(config);
      },
    };
  });

  it('has metrics of its connection pool, and refuses another tenant key', async () => {
    const schema = newSchema();
    const telemetry = quiet();
    const stores = await openStores(configOf(schema, randomBytes(32).toString('hex')), telemetry, true);
    await stores.vault.tenantSubjectKey();
    expect(await telemetry.metrics.text()).toMatch(/medrex_pool_connections_max\{pool="postgres"\} 4/);
    await stores.close();
    const other = await openStores(configOf(schema, randomBytes(32).toString('hex')), quiet(), false);
    await expect(other.vault.tenantSubjectKey()).rejects.toMatchObject({ code: 'VAULT_KEY_MISSING' });
    await other.close();
    await drop(configOf(schema, randomBytes(32).toString('hex')));
  });
});
