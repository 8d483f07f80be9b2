import type { PlannerLimits } from '@medrex/batch-planner';
import type { EventLog } from '@medrex/contracts';
import type { CallKey } from '@medrex/privacy';
import type { BlockStream, Ledger } from '@medrex/ledger';
import type { BackoffLimits } from './backoff.ts';
import type { ChannelObserver } from './channel-observer.ts';
import type { Clock } from './clock.ts';
import type { LiveLimits } from './live-operations.ts';

/**
 * Timing of leader and standbys, in ms. The leader writes progress at least every `heartbeatMs`, stops sending `leaseMs` after its last
 * durable progress, and is considered dead after `silenceMs`; each is well below the next.
 */
export interface StandbyLimits {
  readonly heartbeatMs: number;
  readonly leaseMs: number;
  readonly silenceMs: number;
}

/** Limits of a channel's loop; times in ms. */
export interface ChannelLimits {
  readonly planner: PlannerLimits;
  readonly live: LiveLimits;
  readonly endorseTimeoutMs: number;
  /** Default: 2 s plus the BatchTimeout of the channel. */
  readonly unseenAfterMs: number;
  readonly progressEveryMs: number;
  /** Log records of outcomes not yet durable, above which planning pauses. */
  readonly outcomesWaitingMax: number;
  /** Log records of blocks not yet durable, above which no further block is processed. */
  readonly blocksWaitingMax: number;
  readonly doneRangesMax: number;
  /** Absent when only one process can lead the channel, so that there are no standbys. */
  readonly standby?: StandbyLimits;
  readonly backoff: BackoffLimits;
}

/** Options of a channel. */
export interface ChannelOptions {
  readonly channel: string;
  /** The partition of the channel in every topic. */
  readonly partition: number;
  readonly chaincode: string;
  /** MSP id of this client. */
  readonly creator: string;
  readonly log: EventLog;
  readonly ledger: Ledger;
  readonly blocks: BlockStream;
  readonly clock: Clock;
  readonly observer: ChannelObserver;
  /** Random number in [0, 1) per process, so that two standbys do not act at the same time. */
  readonly place: number;
  /** Random bytes per process, from which transaction ids are derived. */
  readonly secret: Uint8Array;
  /** Key of per-transaction mode; the same in every process that ever leads the channel. Without it the mode is off. */
  readonly callKey?: CallKey;
  readonly limits: ChannelLimits;
}
