import { defaultPoolSettings, type PoolPolicy, type PoolSettings } from '@medrex/pool';
import type { ProxyConfig } from '../config/proxy-config.ts';
import { applicationOf, databaseOf, settingsFor, userOf } from '../config/scopes.ts';
import type { ScopedSettings } from '../config/scoped-settings.ts';

/** The configuration as the pools ask for it. */
export function policyOf(config: ProxyConfig): PoolPolicy {
  return {
    settings: ({ database, user }) => poolSettingsOf(settingsFor(config, { database, user })),
    backendsMax: (kind, { upstream, database, user }) => {
      switch (kind) {
        case 'database':
          return databaseOf(config, database)?.database.backendsMax;
        case 'user':
          return userOf(config, user)?.user.backendsMax;
        case 'login':
          return config.upstreams[upstream]?.backendsPerUserMax;
        case 'upstream':
          return config.upstreams[upstream]?.backendsMax;
      }
    },
    isLicensed: () => false,
    applicationMax: (name) => applicationOf(config, name)?.application.backendsMax,
  };
}

function poolSettingsOf(settings: ScopedSettings): PoolSettings {
  const { size, min, reserve, reserveAfterMs, waitingMax, noticeAfterMs, pausedTimeoutMs } = settings;
  const { idleTimeoutMs, lifetimeMs, checkAfterMs, connectTimeoutMs, waitTimeoutMs } = settings;
  const { interactiveShareMin, analyticalShareMax, bulkShareMax, agedAfterMs } = settings;
  return {
    ...defaultPoolSettings,
    ...{ max: size, min, reserve, reserveAfterMs, waitingMax, noticeAfterMs, pausedTimeoutMs, waitTimeoutMs },
    ...{ idleTimeoutMs, lifetimeMs, checkAfterMs, connectTimeoutMs },
    ...{ interactiveShareMin, analyticalShareMax, bulkShareMax, agedAfterMs },
  };
}
