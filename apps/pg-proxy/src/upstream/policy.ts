import { defaultPoolSettings, type PoolPolicy, type PoolSettings } from '@medrex/pool';
import type { DatabaseConfig, ProxyConfig } from '../config/proxy-config.ts';

/** The database of the configuration that a client means; `*` stands for all that are not listed. */
export function databaseOf(config: ProxyConfig, name: string): { key: string; database: DatabaseConfig } | undefined {
  const key = Object.hasOwn(config.databases, name) ? name : '*';
  const database = config.databases[key];
  return database === undefined ? undefined : { key, database };
}

/** The configuration as the pools ask for it. */
export function policyOf(config: ProxyConfig): PoolPolicy {
  const { pool } = config;
  const common: PoolSettings = {
    ...defaultPoolSettings,
    ...{ min: pool.min, reserve: pool.reserve, reserveAfterMs: pool.reserveAfterMs },
    ...{ waitTimeoutMs: pool.waitTimeoutMs, idleTimeoutMs: pool.idleTimeoutMs, lifetimeMs: pool.lifetimeMs },
    connectTimeoutMs: pool.connectTimeoutMs,
  };
  return {
    settings: ({ database }) => ({ ...common, max: databaseOf(config, database)?.database.size ?? pool.size }),
    backendsMax: () => undefined,
    isLicensed: () => false,
    applicationMax: () => undefined,
  };
}
