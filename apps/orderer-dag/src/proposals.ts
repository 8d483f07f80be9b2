import { closeItem, operationItem, probeItem } from '@medrex/execute-batch';
import { stateKey } from '@medrex/keys';
import type { Proposal } from '@medrex/ledger';
import type { LiveOperation } from './live-operation.ts';
import type { TransactionName } from './transaction-names.ts';

/** Who proposes, to which chaincode. */
export interface Proposer {
  readonly channel: string;
  readonly chaincode: string;
  /** MSP id of this client. */
  readonly creator: string;
}

/** The proposal of a fusion, from the operations' own bytes; operations that are to be closed travel as closes at their places. */
export function fusionProposal(
  proposer: Proposer,
  operations: readonly LiveOperation[],
  name: TransactionName,
): Proposal {
  const args = operations.map(({ opId, sourceHash, day, bytes, closeReason }) =>
    closeReason === undefined ? operationItem(bytes) : closeItem({ opId, sourceHash, reason: closeReason, day }),
  );
  // What they do stands in the writes; the operations themselves would make an envelope twice as large.
  return { ...proposer, fn: 'executeBatch', args, isUnrecorded: true, ...name };
}

/** The proposal of a probe: it reads and writes one system key of this generation and nothing else. */
export function probeProposal(proposer: Proposer, generation: number, name: TransactionName): Proposal {
  const key = stateKey('system', 'probe', String(generation));
  // The same way as fusions: what it tells is whether they can go.
  return { ...proposer, fn: 'executeBatch', args: [probeItem({ key })], isUnrecorded: true, ...name };
}
