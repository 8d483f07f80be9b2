import type { Endorsement, Proposal, ReadWriteSet } from '../ledger.ts';

/** An envelope for the orderer: the proposal, its creator, and the endorsements. */
export interface Envelope {
  readonly proposal: Proposal;
  readonly readWriteSet: ReadWriteSet;
  readonly payload: Uint8Array;
  /** The size that the orderer counts. */
  readonly bytes: number;
}

export function envelopeOf({ proposal, readWriteSet, response, envelopeBytes }: Endorsement): Envelope {
  return { proposal, readWriteSet, payload: response.payload, bytes: envelopeBytes };
}
