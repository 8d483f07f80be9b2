import { closeItem, operationItem, probeItem } from '@medrex/execute-batch';
import { stateKey } from '@medrex/keys';
import type { Proposal } from '@medrex/ledger';
import type { LiveOperation } from './live-operation.ts';
import type { TransactionName } from './transaction-names.ts';

/** The client that proposes, and its chaincode. */
export interface Proposer {
  readonly channel: string;
  readonly chaincode: string;
  /** MSP id of this client. */
  readonly creator: string;
}

/** The proposal of a fusion, from the bytes of its operations; operations to be closed are replaced by their closes. */
export function fusionProposal(
  proposer: Proposer,
  operations: readonly LiveOperation[],
  name: TransactionName,
): Proposal {
  const args = operations.map(({ opId, sourceHash, day, bytes, closeReason }) =>
    closeReason === undefined ? operationItem(bytes) : closeItem({ opId, sourceHash, reason: closeReason, day }),
  );
  // The envelope has the writes; recording the operations too would double its size.
  return { ...proposer, fn: 'executeBatch', args, isUnrecorded: true, ...name };
}

/** The proposal of a probe, which only reads and writes one system key of this generation. */
export function probeProposal(proposer: Proposer, generation: number, name: TransactionName): Proposal {
  const key = stateKey('system', 'probe', String(generation));
  // Sent like a fusion, as it must tell whether fusions work.
  return { ...proposer, fn: 'executeBatch', args: [probeItem({ key })], isUnrecorded: true, ...name };
}
