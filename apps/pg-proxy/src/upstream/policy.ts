import { defaultPoolSettings, type PoolPolicy, type PoolSettings } from '@medrex/pool';
import type { ProxyConfig, UpstreamConfig } from '../config/proxy-config.ts';
import { applicationOf, databaseOf, settingsFor, userOf } from '../config/scopes.ts';
import type { ScopedSettings } from '../config/scoped-settings.ts';

/** The configuration as the pools ask for it. */
export function policyOf(config: ProxyConfig): PoolPolicy {
  return {
    settings: ({ upstream, database, user }) => {
      const settings = poolSettingsOf(settingsFor(config, { database, user }));
      // Where a class has an upstream to itself, it need not leave others anything.
      return upstream === databaseOf(config, database)?.database.upstream ? settings : { ...settings, ...ofNobodyElse };
    },
    backendsMax: (kind, { upstream, database, user }) => {
      switch (kind) {
        case 'database':
          return databaseOf(config, database)?.database.backendsMax;
        case 'user':
          return userOf(config, user)?.user.backendsMax;
        case 'login':
          return loginMax(config.upstreams[upstream]);
        case 'upstream':
          return config.upstreams[upstream]?.backendsMax;
      }
    },
    isLicensed: (upstream) => config.upstreams[upstream]?.kind === 'iris',
    applicationMax: (name) => applicationOf(config, name)?.application.backendsMax,
  };
}

/** IRIS lets a user open 25 connections for one licence unit; one more, and each of them costs one. The 25th is kept for cancels. */
const licensedMax = 24;

function loginMax(upstream: UpstreamConfig | undefined): number | undefined {
  if (upstream?.kind !== 'iris') return upstream?.backendsPerUserMax;
  return Math.min(licensedMax, upstream.backendsPerUserMax ?? licensedMax);
}

const ofNobodyElse = { interactiveShareMin: 0, analyticalShareMax: 1, bulkShareMax: 1 };

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
