import { defaultPoolSettings, type PoolPolicy, type PoolSettings } from '@medrex/pool';
import type { ProxyConfig, UpstreamConfig } from '../config/proxy-config.ts';
import { applicationOf, databaseOf, settingsFor, userOf } from '../config/scopes.ts';
import type { ScopedSettings } from '../config/scoped-settings.ts';
import { licensedOf, licensedServerOf, type LicenceShares } from './iris/licence-shares.ts';

/** The configuration in the form that the pools need. */
export function policyOf(config: ProxyConfig, licences?: LicenceShares): PoolPolicy {
  return {
    settings: ({ upstream, database, user }) => {
      const configured = poolSettingsOf(settingsFor(config, { database, user }));
      const settings = withinLicence(configured, config.upstreams[upstream], licences?.limitOf(upstream, user));
      // A class with an upstream to itself need not leave room for others.
      return upstream === databaseOf(config, database)?.database.upstream
        ? settings
        : { ...settings, ...withoutShares };
    },
    backendsMax: (kind, { upstream, database, user }) => {
      switch (kind) {
        case 'database':
          return databaseOf(config, database)?.database.backendsMax;
        case 'user':
          return userOf(config, user)?.user.backendsMax;
        case 'login':
          return licences?.limitOf(upstream, user) ?? config.upstreams[upstream]?.backendsPerUserMax;
        case 'upstream':
          return config.upstreams[upstream]?.backendsMax;
      }
    },
    licensedServer: (upstream) => licensedServerOf(config, upstream),
    applicationMax: (name) => applicationOf(config, name)?.application.backendsMax,
  };
}

/**
 * What a licence allows: the size within this instance's current share, and as much of the reserve as is left. Only what exceeds the
 * licence of all instances counts as clamped, and is reported.
 */
function withinLicence(
  configured: PoolSettings,
  upstream: UpstreamConfig | undefined,
  limit: number | undefined,
): PoolSettings {
  if (upstream === undefined || limit === undefined) return configured;
  const isTooMuch = configured.max > licensedOf(upstream);
  const max = isTooMuch ? configured.max : Math.max(1, Math.min(configured.max, limit));
  const isDefault = configured.reserve === defaultPoolSettings.reserve;
  const isLent = limit < licensedOf(upstream);
  const reserve = isDefault || isLent ? Math.max(0, Math.min(configured.reserve, limit - max)) : configured.reserve;
  return { ...configured, max, reserve, min: isTooMuch ? configured.min : Math.min(configured.min, max) };
}

const withoutShares = { interactiveShareMin: 0, analyticalShareMax: 1, bulkShareMax: 1 };

function poolSettingsOf(settings: ScopedSettings): PoolSettings {
  const { size, min, reserve, reserveAfterMs, waitingMax, noticeAfterMs, pausedTimeoutMs } = settings;
  const { idleTimeoutMs, lifetimeMs, checkAfterMs, connectTimeoutMs, waitTimeoutMs } = settings;
  const { interactiveShareMin, analyticalShareMax, bulkShareMax, agedAfterMs } = settings;
  return {
    ...defaultPoolSettings,
    max: size,
    min,
    reserve,
    reserveAfterMs,
    waitingMax,
    noticeAfterMs,
    pausedTimeoutMs,
    waitTimeoutMs,
    idleTimeoutMs,
    lifetimeMs,
    checkAfterMs,
    connectTimeoutMs,
    // In turn, because clients in session mode learn the process id: it should rarely be that of a client who has just left.
    isInTurn: settings.mode === 'session',
    interactiveShareMin,
    analyticalShareMax,
    bulkShareMax,
    agedAfterMs,
  };
}
