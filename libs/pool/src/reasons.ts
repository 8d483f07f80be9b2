import type { WorkloadClass } from './workload-class.ts';

/** Why a backend is opened. A closed set: these are label values of a metric. */
export const connectReasons = {
  demand: 'a client waits and no backend is idle',
  minimum: 'the pool keeps a minimum open',
  reserve: 'a client has waited so long that the reserve is opened',
} as const satisfies Record<string, string>;

/** Why a backend was closed. A closed set: these are label values of a metric. Every backend that was opened ends with one of them. */
export const disconnectReasons = {
  idle_timeout: 'nobody used it for the idle timeout, and the pool has more than its minimum',
  lifetime: 'it reached its lifetime',
  surplus: 'the pool has more than its maximum: a reserve that nobody needs any longer, or limits that shrank',
  evicted: 'a client of another pool under the same limit needs its place',
  reconnect: 'RECONNECT replaces every backend',
  moved: 'the name of its server has other addresses now',
  paused: 'PAUSE closes every backend that is not in use',
  drained: 'the instance is drained and no client needs it',
  killed: 'KILL',
  login_failed: 'the upstream refused the login or could not be reached',
  login_timeout: 'the upstream did not finish the login in time',
  upstream_closed: 'the upstream closed it while no client had it',
  lost: 'the upstream closed it while a client had it',
  reset_failed: 'it could not be reset for the next client',
  reset_timeout: 'its reset did not end in time',
  check_failed: 'the health check failed',
  check_timeout: 'the health check did not end in time',
  client_lost: 'its client vanished in the middle of something that could not be undone',
  state_left: 'its client left state behind that a reset does not remove',
  protocol: 'it said something that the protocol does not allow',
} as const satisfies Record<string, string>;

export type ConnectReason = keyof typeof connectReasons;
export type DisconnectReason = keyof typeof disconnectReasons;

/**
 * The condition of a backend at its check-in: `clean` may go to the next client at once, `reset` only after `PoolPort.reset`. With any
 * other value it is closed for that reason.
 */
export type CheckinFate =
  'clean' | 'reset' | Extract<DisconnectReason, 'client_lost' | 'state_left' | 'protocol' | 'killed' | 'reset_failed'>;

/** Why a client does not get a backend. */
export type Refusal =
  | {
      /** `timeout`: it waited as long as it may; `queue_full`: too many clients wait already. */
      readonly reason: 'timeout' | 'queue_full';
      readonly sqlstate: '53300';
      readonly waitedMs: number;
      /** Its place in the queue of its class; 1 is next. */
      readonly position: number;
      /** In how many ms its turn would have come, from how fast clients were served; undefined when none was served lately. */
      readonly etaMs: number | undefined;
    }
  | {
      /** Work of this class is refused under the current load (SC-003, rung 4). */
      readonly reason: 'shed';
      readonly sqlstate: '53300';
      readonly workClass: WorkloadClass;
      readonly waitedMs: number;
      /** In how many ms its turn would have come; undefined when no client was served lately. */
      readonly etaMs: number | undefined;
    }
  | { readonly reason: 'paused'; readonly sqlstate: '57P03'; readonly waitedMs: number }
  | {
      /** The pool has no backend and cannot open one; `error` is what the upstream said. */
      readonly reason: 'upstream';
      readonly error: unknown;
      readonly waitedMs: number;
    };

export type RefusalReason = Refusal['reason'];

/** What a client that waits for long is told. */
export interface WaitNotice {
  /** Its place in the queue of its class (1 is next), and the length of that queue. */
  readonly position: number;
  readonly waiting: number;
  readonly waitedMs: number;
  readonly etaMs: number | undefined;
  /** `paused`: by an operator; `upstream`: backends cannot be opened; `busy`: all backends are in use. */
  readonly cause: 'busy' | 'paused' | 'upstream';
}
