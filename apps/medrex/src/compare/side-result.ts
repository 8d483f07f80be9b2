import type { LatencySummary } from './latency.ts';

/** Number of Fabric transactions by validation code. */
export interface FabricTransactions {
  readonly submitted: number;
  readonly valid: number;
  readonly mvccReadConflict: number;
  readonly phantomReadConflict: number;
  readonly otherInvalid: number;
}

/** The result of one client on the common input. Operations and Fabric transactions are counted separately. */
export interface SideResult {
  readonly client: string;
  /** Operations due to be sent. */
  readonly offered: number;
  readonly offeredPerSecond: number;
  /** Took effect. */
  readonly applied: number;
  /** Rejected by the contract: a business answer, not a loss. */
  readonly rejected: number;
  /** Given up after conflicts. */
  readonly lostToConflict: number;
  /** Other ends: refused, dead, unanswered. */
  readonly failed: number;
  readonly retries: number;
  /** Time from the first intended send to the last end. */
  readonly seconds: number;
  readonly fabric: FabricTransactions;
  readonly latencyMs: LatencySummary | undefined;
}

/** Percentage of our envelopes that were VALID; undefined without any. */
export function validPercent({ fabric }: SideResult): number | undefined {
  return fabric.submitted === 0 ? undefined : (100 * fabric.valid) / fabric.submitted;
}

/** Ended operations per second. */
export function throughput(side: SideResult): number {
  return (side.applied + side.rejected + side.lostToConflict + side.failed) / side.seconds;
}

/** Operations per second that were applied, or rejected by the contract, in a VALID transaction. */
export function goodput(side: SideResult): number {
  return (side.applied + side.rejected) / side.seconds;
}
