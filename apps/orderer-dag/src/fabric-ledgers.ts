import { CodedError } from '@medrex/coded-error';
import { FabricLedger, fabricPool, type FabricObserver } from '@medrex/fabric';
import { fabricOptionsOf, fabricPools } from '@medrex/fabric/variables';
import type { BlockCutterLimits } from '@medrex/ledger';
import { poolObserver, type Telemetry } from '@medrex/telemetry';
import type { OrdererConfig } from './config.ts';
import { ordererErrors } from './errors.ts';
import type { OpenedLedgers } from './open-ports.ts';
import type { OrdererMetrics } from './telemetry-observer.ts';

const hour = 3_600_000;

/** Opens the ledgers of the channels of a Fabric network. @throws CodedError LEDGER_PROFILE_MISSING, and those of `FabricLedger.open` */
export async function fabricLedgers(
  config: OrdererConfig,
  telemetry: Telemetry,
  metrics: OrdererMetrics,
): Promise<OpenedLedgers> {
  const profile = config.MEDREX_FABRIC_PROFILE;
  if (profile === undefined) {
    throw new CodedError(
      ordererErrors.LEDGER_PROFILE_MISSING,
      'MEDREX_LEDGER is fabric, but MEDREX_FABRIC_PROFILE is not set',
    );
  }
  const ledgers = new Map<string, FabricLedger>();
  const cutters = new Map<string, Partial<BlockCutterLimits>>();
  for (const channel of config.MEDREX_CHANNELS) {
    const observer = fabricObserver(telemetry, metrics, channel);
    const ledger = await FabricLedger.open({ ...fabricOptionsOf(config, profile, channel), observer });
    ledgers.set(channel, ledger);
    const cutter = await cutterOf(ledger, telemetry);
    if (cutter !== undefined) cutters.set(channel, cutter);
  }
  const all = [...ledgers.values()];
  telemetry.metrics.beforeScrape(() => setFabricGauges(metrics, all));
  poolObserver(telemetry.metrics)(fabricPool(all));
  const warn = (): void => warnOfExpiry(config, telemetry, all);
  warn();
  const timer = setInterval(warn, hour);
  timer.unref();
  const close = async (): Promise<void> => {
    clearInterval(timer);
    for (const ledger of all) await ledger.close();
  };
  return { ledgers, isModel: false, cutters, close };
}

/** The block limits of the channel; undefined when its configuration cannot be read. */
async function cutterOf(ledger: FabricLedger, { log }: Telemetry): Promise<Partial<BlockCutterLimits> | undefined> {
  try {
    return await ledger.cutterLimits();
  } catch (error) {
    log.warn(
      { channel: ledger.channel, error },
      "the channel's configuration cannot be read; the limits of this process apply",
    );
    return undefined;
  }
}

function fabricObserver({ log }: Telemetry, metrics: OrdererMetrics, channel: string): FabricObserver {
  return {
    streamBroken: (peer, error) => {
      metrics.fabricStreamBreaks.inc();
      log.debug({ channel, peer, error }, 'a block stream broke; it is reopened');
    },
    pinned: ({ to, why }) => {
      metrics.fabricPinned.inc({ why });
      log.warn({ channel, peer: to, reason: why }, 'another peer is pinned');
    },
    identityReloaded: () => log.info({ channel }, 'the identity was reloaded'),
    identityFailed: (error) => log.warn({ channel, error }, 'the changed files of the identity cannot be used'),
  };
}

function setFabricGauges(metrics: OrdererMetrics, ledgers: readonly FabricLedger[]): void {
  const statuses = ledgers.map((ledger) => ledger.status());
  for (const target of fabricPools) {
    const sum = (of: 'inFlight' | 'waiting'): number => statuses.reduce((all, { pools }) => all + pools[target][of], 0);
    metrics.fabricCalls.set({ target, state: 'in_flight' }, sum('inFlight'));
    metrics.fabricCalls.set({ target, state: 'waiting' }, sum('waiting'));
  }
  metrics.fabricIdentityDays.set(Math.min(...statuses.map(({ identityDaysLeft }) => identityDaysLeft)));
}

function warnOfExpiry(config: OrdererConfig, { log }: Telemetry, ledgers: readonly FabricLedger[]): void {
  for (const ledger of ledgers) {
    const daysLeft = Math.floor(ledger.status().identityDaysLeft);
    if (daysLeft >= config.MEDREX_FABRIC_EXPIRY_DAYS) continue;
    log.warn({ channel: ledger.channel, daysLeft }, 'the certificate of the Fabric client expires soon');
  }
}
