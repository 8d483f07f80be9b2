import { decodeItem, decodeOperationHeader, type Contract, type Operation } from '@medrex/execute-batch';
import { assetOperation, assetTransfer, type AssetFacts } from '@medrex/execute-batch/testing';
import type { Proposal } from '@medrex/ledger';
import fc from 'fast-check';

let made = 0;

/** An asset operation with a unique name. */
export function anAssetOperation(facts: AssetFacts, over: Partial<Operation> = {}): Operation {
  made += 1;
  const opId = made.toString(16).padStart(32, '0');
  return assetOperation(facts, { opId, sourceHash: opId, ...over });
}

/** A deposit; two deposits on one account depend on each other. */
export const deposit = (account: string, over: Partial<Operation> = {}): Operation =>
  anAssetOperation({ do: 'deposit', account, amount: 1 }, over);

/** Whether a proposal contains an operation itself, not its close. */
export function carries(proposal: Proposal, { opId }: Operation): boolean {
  return proposal.args.some((arg) => {
    const item = decodeItem(arg);
    return item.kind === 'operation' && decodeOperationHeader(item.bytes).opId === opId;
  });
}

/** True for a fusion's proposal, false for a probe's. */
export const isFusion = ({ fn, args }: Proposal): boolean =>
  fn === 'executeBatch' && args.some((arg) => decodeItem(arg).kind !== 'probe');

/** The asset contract, misbehaving on one operation. */
export const assetContractWith = (
  isAffected: (operation: Operation) => boolean,
  behave: () => Promise<undefined>,
): Contract => ({
  ...assetTransfer,
  apply: (operation, state, budget) =>
    isAffected(operation) ? behave() : assetTransfer.apply(operation, state, budget),
});

const asset = fc.nat(7).map((number) => `a${number}`);
const person = fc.constantFrom('ann', 'ben', 'cat');

/**
 * Histories with discovered keys: eight assets are created and then change owners among three people, so that each transfer
 * discovers from the state whose holding shrinks while other flights touch the same people.
 */
export const discoveringOperations: fc.Arbitrary<Operation[]> = fc
  .array(
    fc.oneof(
      fc.record({ do: fc.constant('transfer' as const), asset, to: person }),
      fc.record({ do: fc.constant('payOwner' as const), asset, from: person, amount: fc.constant(1) }),
      fc.record({ do: fc.constant('deposit' as const), account: person, amount: fc.constant(3) }),
      fc.record({ do: fc.constant('delete' as const), asset }),
    ),
    { maxLength: 50 },
  )
  .map((actions) => {
    const made = Array.from({ length: 8 }, (_, number): AssetFacts => {
      const owner = ['ann', 'ben', 'cat'][number % 3] as string;
      return { do: 'create', asset: `a${number}`, owner, value: 1 };
    });
    return [...made, ...actions].map((facts, at) =>
      assetOperation(facts, { opId: `op${at}`, sourceHash: `hash${at}` }),
    );
  });
