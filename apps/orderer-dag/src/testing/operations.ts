import { decodeItem, decodeOperationHeader, type Contract, type Operation } from '@medrex/execute-batch';
import { assetOperation, assetTransfer, type AssetFacts } from '@medrex/execute-batch/testing';
import type { Proposal } from '@medrex/ledger';

let made = 0;

/** An asset operation under a name of its own. */
export function anAssetOperation(facts: AssetFacts, over: Partial<Operation> = {}): Operation {
  made += 1;
  const opId = made.toString(16).padStart(32, '0');
  return assetOperation(facts, { opId, sourceHash: opId, ...over });
}

/** Reads and writes one account: two of them on one account depend on each other. */
export const deposit = (account: string, over: Partial<Operation> = {}): Operation =>
  anAssetOperation({ do: 'deposit', account, amount: 1 }, over);

/** Whether a proposal carries an operation itself, not its close. */
export function carries(proposal: Proposal, { opId }: Operation): boolean {
  return proposal.args.some((arg) => {
    const item = decodeItem(arg);
    return item.kind === 'operation' && decodeOperationHeader(item.bytes).opId === opId;
  });
}

/** True for a fusion's proposal, false for a probe's. */
export const isFusion = ({ fn, args }: Proposal): boolean =>
  fn === 'executeBatch' && args.some((arg) => decodeItem(arg).kind !== 'probe');

/** The asset contract, behaving badly on one operation. */
export const assetContractWith = (
  isStruck: (operation: Operation) => boolean,
  behave: () => Promise<undefined>,
): Contract => ({
  ...assetTransfer,
  apply: (operation, state, budget) => (isStruck(operation) ? behave() : assetTransfer.apply(operation, state, budget)),
});
