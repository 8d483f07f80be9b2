import type { PlannerLimits } from '@medrex/batch-planner';
import type { EventLog } from '@medrex/contracts';
import type { CallKey } from '@medrex/privacy';
import type { BlockStream, Ledger } from '@medrex/ledger';
import type { BackoffLimits } from './backoff.ts';
import type { ChannelObserver } from './channel-observer.ts';
import type { Clock } from './clock.ts';
import type { LiveLimits } from './live-operations.ts';

/**
 * How instances of one channel wait for each other, ms. The leader is heard at least every `heartbeatMs`, stops sending by
 * itself `leaseMs` after the last progress that it could write, and is taken for dead after `silenceMs`: each well below the next.
 */
export interface StandbyLimits {
  readonly heartbeatMs: number;
  readonly leaseMs: number;
  readonly silenceMs: number;
}

/** Everything that bounds a channel's loop; times in ms. */
export interface ChannelLimits {
  readonly planner: PlannerLimits;
  readonly live: LiveLimits;
  readonly endorseTimeoutMs: number;
  /** 2 s and the channel's BatchTimeout. */
  readonly unseenAfterMs: number;
  readonly progressEveryMs: number;
  /** Log records of outcomes that may wait to become durable before planning pauses. */
  readonly outcomesWaitingMax: number;
  /** Log records of blocks that may wait to become durable before the next block is taken. */
  readonly blocksWaitingMax: number;
  readonly doneRangesMax: number;
  /** Absent where only one process can drive the channel: then nobody waits, and nobody is waited for. */
  readonly standby?: StandbyLimits;
  readonly backoff: BackoffLimits;
}

/** What the loop of one channel is made from. */
export interface ChannelOptions {
  readonly channel: string;
  /** The channel's partition of every topic. */
  readonly partition: number;
  readonly chaincode: string;
  /** MSP id of this client. */
  readonly creator: string;
  readonly log: EventLog;
  readonly ledger: Ledger;
  readonly blocks: BlockStream;
  readonly clock: Clock;
  readonly observer: ChannelObserver;
  /** In [0, 1), another one for each process: two standbys do not move at once. */
  readonly place: number;
  /** Drawn once per process; transaction ids are made from it. */
  readonly secret: Uint8Array;
  /** For calls of per-transaction mode; the same for every process that ever drives the channel. Without it none is taken. */
  readonly callKey?: CallKey;
  readonly limits: ChannelLimits;
}
