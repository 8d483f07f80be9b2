/**
 * Limits and shares of the planner. Times in ms, sizes in bytes. A class is its index in the order of urgency, 0 first.
 */
export interface PlannerLimits {
  /** Number of priority classes. */
  readonly classes: number;
  /** Fabric transactions in flight at once. */
  readonly flights: number;
  /** Flights that only class 0 (CPOE) may use; fewer than `flights`. */
  readonly flightsReserved: number;
  /** Additional flights for operations that go alone; `flightsReserved` of them only for class 0. */
  readonly flightsAlone: number;
  readonly fusion: FusionCaps;
  readonly size: FusionSizing;
  /**
   * Minimum share of the operations of classes 1 and up that each class gets while it has ready operations; entry 0 is
   * not used.
   */
  readonly shares: readonly number[];
  /** How many operations of its class one step of criticality lets a ready operation overtake; 0 ignores the advice. */
  readonly criticalityBoost: number;
  /** How often an operation may be widened before it is reported as unstable. */
  readonly wideningsMax: number;
  readonly foreign: ForeignWriteLimits;
  /** `overdue` lists an operation that has been ready for this long while a flight was free. */
  readonly readyMaxMs: number;
  /** A random number in [0, 1) to spread retries; seeded by the caller, so that a run can be repeated. */
  readonly jitter: () => number;
}

/** Soft caps of one fusion. An operation that exceeds one of them goes alone, one such at a time. */
export interface FusionCaps {
  readonly operationsMax: number;
  /** Declared and discovered keys, the commuting ones included. */
  readonly keysMax: number;
  readonly bytesMax: number;
  /** Estimated time of the transaction, from the durations of earlier flights. */
  readonly estimatedMsMax: number;
}

/** How the size of a fusion follows the backlog. */
export interface FusionSizing {
  /**
   * A backlog is spread over only as many flights as leaves each this many operations; also the smallest self-tuned
   * size.
   */
  readonly operationsMin: number;
  /** A flight that takes longer than this makes the next fusions smaller. */
  readonly flightTargetMs: number;
}

/** Limits for foreign-written keys. */
export interface ForeignWriteLimits {
  /** How long after a foreign write a key is not fused with others. */
  readonly windowMs: number;
  /** First and largest wait of an operation whose envelope lost to a foreign write; doubled at each loss, times a jitter in [0.5, 1). */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
}

/**
 * Limits for Fabric's defaults: 1,000 keys are the `maxSize` of its batch message, 0.5 MiB is a quarter of its
 * PreferredMaxBytes of 2 MiB.
 */
export const defaultPlannerLimits: Omit<PlannerLimits, 'jitter'> = {
  classes: 5,
  flights: 4,
  flightsReserved: 1,
  // Each carries one operation and waits for a block: enough of them to fill blocks, and far fewer than a peer endorses
  // at once (2,500).
  flightsAlone: 64,
  // Above 500 operations the marginal gain is below 5 %. A fifth of the 500 ms is simulation, which holds the peer's
  // state lock, and even on a slow day a quarter of executetimeout is not reached.
  fusion: { operationsMax: 500, keysMax: 1000, bytesMax: 512 * 1024, estimatedMsMax: 500 },
  size: { operationsMin: 32, flightTargetMs: 500 },
  shares: [0, 0.1, 0.1, 0.05, 0.05],
  criticalityBoost: 64,
  wideningsMax: 8,
  foreign: { windowMs: 2_000, backoffMinMs: 10, backoffMaxMs: 1_000 },
  readyMaxMs: 30_000,
};
