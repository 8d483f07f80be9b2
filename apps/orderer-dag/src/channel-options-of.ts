import { randomBytes } from 'node:crypto';
import { defaultPlannerLimits } from '@medrex/batch-planner';
import { CodedError } from '@medrex/coded-error';
import { operationClasses } from '@medrex/contracts';
import type { BlockCutterLimits } from '@medrex/ledger';
import { CallKey } from '@medrex/privacy';
import type { ChannelObserver } from './channel-observer.ts';
import type { ChannelLimits, ChannelOptions, StandbyLimits } from './channel-options.ts';
import type { Clock } from './clock.ts';
import type { OrdererConfig } from './config.ts';
import type { OrdererPorts } from './open-ports.ts';
import { ordererErrors } from './errors.ts';

/** The options of one channel, from the configuration of the process. */
export function channelOptionsOf(
  config: OrdererConfig,
  ports: OrdererPorts,
  own: {
    readonly channel: string;
    readonly partition: number;
    readonly observer: ChannelObserver;
    readonly clock: Clock;
  },
): ChannelOptions {
  const ledger = ports.ledgers.get(own.channel);
  if (ledger === undefined)
    throw new CodedError(ordererErrors.CHANNEL_UNMAPPED, `channel ${own.channel} has no ledger`);
  return {
    ...own,
    chaincode: config.MEDREX_CHAINCODE,
    creator: config.MEDREX_MSP_ID,
    log: ports.log,
    ledger,
    blocks: ledger,
    // Random per process, so that two processes never make the same transaction id.
    secret: randomBytes(32),
    place: Math.random(),
    ...(ports.callSecret !== undefined && { callKey: new CallKey(ports.callSecret, own.channel) }),
    limits: {
      ...limitsOf(config, ports.cutters?.get(own.channel)),
      // The embedded ledger allows only one process, so there are no standbys.
      ...(!ports.isModel && { standby: standbyOf(config.ORDERER_SILENCE_MS) }),
    },
  };
}

const standbyOf = (silenceMs: number): StandbyLimits => ({
  silenceMs,
  heartbeatMs: silenceMs / 4,
  leaseMs: (silenceMs * 3) / 4,
});

/** The limits of a channel: the stricter of both configurations, and the channel's own BatchTimeout. */
function limitsOf(config: OrdererConfig, cutter: Partial<BlockCutterLimits> = {}): ChannelLimits {
  const { preferredMaxBytes = Infinity, batchTimeoutMs = config.LEDGER_BATCH_TIMEOUT_MS } = cutter;
  const { fusion } = defaultPlannerLimits;
  return {
    planner: {
      ...defaultPlannerLimits,
      classes: operationClasses.length,
      flights: config.ORDERER_FLIGHTS,
      flightsReserved: config.ORDERER_FLIGHTS_RESERVED,
      flightsAlone: config.ORDERER_CALL_FLIGHTS,
      fusion: {
        ...fusion,
        operationsMax: config.ORDERER_FUSION_OPERATIONS,
        keysMax: config.ORDERER_FUSION_KEYS,
        bytesMax: Math.min(config.ORDERER_FUSION_BYTES, Math.floor(preferredMaxBytes / 4)),
      },
      readyMaxMs: config.ORDERER_READY_MAX_MS,
      jitter: Math.random,
    },
    live: { operationsMax: config.ORDERER_LIVE_OPERATIONS, bytesMax: config.ORDERER_LIVE_BYTES },
    endorseTimeoutMs: config.ORDERER_ENDORSE_TIMEOUT_MS,
    unseenAfterMs: config.ORDERER_UNSEEN_MS + batchTimeoutMs,
    progressEveryMs: config.ORDERER_PROGRESS_MS,
    // A few seconds of outcomes and blocks at full load; both only grow while the log is unavailable.
    outcomesWaitingMax: 64,
    blocksWaitingMax: 256,
    doneRangesMax: 4_096,
    // Short enough for a glitch, long enough for an outage of days.
    backoff: { baseMs: 100, capMs: 5_000, jitter: Math.random },
  };
}
