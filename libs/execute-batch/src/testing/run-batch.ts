import type { DeclaredKey } from '@medrex/keys';
import type { Chaincode } from '@medrex/ledger';
import { batchChaincode } from '../batch-chaincode.ts';
import type { Budget, Contract, Operation, OperationResult, State } from '../contract.ts';
import { operationItem } from '../item.ts';
import { encodeOperation } from '../operation-codec.ts';
import { decodeResults } from '../results-codec.ts';
import { anOperation } from './an-operation.ts';
import { type CommittedState, InMemoryStub } from './in-memory-stub.ts';

/** An operation as an argument of `executeBatch`. */
export const itemOf = (operation: Operation): Uint8Array => operationItem(encodeOperation(operation));

/**
 * Runs the items as one Fabric transaction and commits its writes.
 * @throws if the chaincode refuses
 */
export async function runBatch(
  chaincode: Chaincode,
  stub: InMemoryStub,
  items: readonly Uint8Array[],
): Promise<OperationResult[]> {
  const response = await chaincode.invoke(stub, 'executeBatch', items);
  if (response.status !== 200) throw new Error(response.message);
  stub.commit();
  return decodeResults(response.payload);
}

/** A contract that does the same for every operation. */
export function contractThat(act: (state: State, budget: Budget) => unknown): Contract {
  return {
    name: 'ad-hoc',
    templateVersions: [1],
    async apply(_operation, state, budget) {
      await act(state, budget);
      return undefined;
    },
  };
}

/** Runs one operation of a contract in a transaction of its own. */
export async function runAlone(
  contract: Contract,
  keys: readonly DeclaredKey[] = [],
  state: CommittedState = new Map(),
): Promise<{ readonly result: OperationResult; readonly stub: InMemoryStub }> {
  const stub = new InMemoryStub(state);
  const chaincode = batchChaincode({ name: 'medrex', version: '1', contracts: [contract] });
  const operation = anOperation({ contract: contract.name, keys });
  const [result] = await runBatch(chaincode, stub, [itemOf(operation)]);
  return { result: result as OperationResult, stub };
}
