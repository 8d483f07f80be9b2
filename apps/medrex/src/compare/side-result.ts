import type { LatencySummary } from './latency.ts';

/** Fabric transactions by the code of their block. */
export interface FabricTransactions {
  readonly submitted: number;
  readonly valid: number;
  readonly mvccReadConflict: number;
  readonly phantomReadConflict: number;
  readonly otherInvalid: number;
}

/** How one client fared with the input that all of them got. Operations and Fabric transactions are never mixed. */
export interface SideResult {
  readonly client: string;
  /** Operations meant to be sent. */
  readonly offered: number;
  readonly offeredPerSecond: number;
  /** Took effect. */
  readonly applied: number;
  /** The contract said no: a business answer, not a loss. */
  readonly rejected: number;
  /** Given up after conflicts. */
  readonly lostToConflict: number;
  /** Ended otherwise: refused, dead, no answer. */
  readonly failed: number;
  readonly retries: number;
  /** From the first intended send to the last ending. */
  readonly seconds: number;
  readonly fabric: FabricTransactions;
  readonly latencyMs: LatencySummary | undefined;
}

/** Share of our envelopes that were VALID, in percent; undefined without any. */
export function validPercent({ fabric }: SideResult): number | undefined {
  return fabric.submitted === 0 ? undefined : (100 * fabric.valid) / fabric.submitted;
}

/** Operations that ended, a second. */
export function throughput(side: SideResult): number {
  return (side.applied + side.rejected + side.lostToConflict + side.failed) / side.seconds;
}

/** Operations that took effect or got the contract's answer from a VALID transaction, a second. */
export function goodput(side: SideResult): number {
  return (side.applied + side.rejected) / side.seconds;
}
