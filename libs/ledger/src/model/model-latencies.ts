import type { ReadWriteSet } from '../ledger.ts';

/** Costs in the model, in milliseconds. Costs at one station (an endorser, the orderer, the committer) queue up. */
export interface ModelLatencies {
  /** One way between client, peer and orderer. */
  readonly hopMs: number;
  readonly endorseMs: number;
  readonly endorsePerKeyMs: number;
  readonly orderMs: number;
  readonly orderPerKeyMs: number;
  readonly commitPerBlockMs: number;
  readonly commitMs: number;
  readonly commitPerKeyMs: number;
}

export const noLatencies: ModelLatencies = {
  hopMs: 0,
  endorseMs: 0,
  endorsePerKeyMs: 0,
  orderMs: 0,
  orderPerKeyMs: 0,
  commitPerBlockMs: 0,
  commitMs: 0,
  commitPerKeyMs: 0,
};

/**
 * A Fabric 3.1 network on two cores as measured: about 2 ms of CPU for a transaction (peer 0.93, orderer 0.26, chaincode 0.32,
 * the rest is the client's own) and 0.06 ms for each further read-modify-write key inside it (peer 0.04, orderer 0.01, chaincode
 * 0.01). How the peer's share divides between endorsing and committing is a guess: half and half.
 */
export const networkLatencies: ModelLatencies = {
  hopMs: 1,
  endorseMs: 0.79,
  endorsePerKeyMs: 0.03,
  orderMs: 0.26,
  orderPerKeyMs: 0.01,
  commitPerBlockMs: 5,
  commitMs: 0.46,
  commitPerKeyMs: 0.02,
};

/** Number of keys that a transaction is charged for: a key that is read and written counts once. */
export function keyCount({ reads, writes, ranges }: ReadWriteSet): number {
  return ranges.reduce((lines, range) => lines + range.reads.length, Math.max(reads.length, writes.length));
}
