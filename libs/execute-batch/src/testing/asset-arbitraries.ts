import fc from 'fast-check';
import type { Operation } from '../contract.ts';
import type { AssetFacts } from './asset-facts.ts';
import { assetOperation } from './asset-transfer.ts';

const asset = fc.constantFrom('a1', 'a2', 'a3');
const person = fc.constantFrom('ann', 'ben', 'cat');
const counter = fc.constantFrom('c1', 'c2');
const id = fc.nat(30).map((number) => `op${number}`);
const amount = fc.integer({ min: 1, max: 9 });
const action = <const D extends AssetFacts['do']>(name: D): fc.Arbitrary<D> => fc.constant(name);

/** Facts of a random asset operation. Few assets and people, so that operations conflict. */
export const assetFacts: fc.Arbitrary<AssetFacts> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: action('create'), asset, owner: person, value: amount }) },
  { weight: 4, arbitrary: fc.record({ do: action('transfer'), asset, to: person }) },
  { weight: 2, arbitrary: fc.record({ do: action('move'), asset, from: person, to: person }) },
  { weight: 2, arbitrary: fc.record({ do: action('delete'), asset }) },
  { weight: 2, arbitrary: fc.record({ do: action('look'), asset }) },
  { weight: 2, arbitrary: fc.record({ do: action('label'), asset, label: person }) },
  { weight: 3, arbitrary: fc.record({ do: action('deposit'), account: person, amount }) },
  { weight: 3, arbitrary: fc.record({ do: action('pay'), from: person, to: person, amount }) },
  { weight: 2, arbitrary: fc.record({ do: action('payOwner'), asset, from: person, amount }) },
  { weight: 2, arbitrary: fc.record({ do: action('ensure'), kind: asset, content: person }) },
  { weight: 1, arbitrary: fc.record({ do: action('note'), asset, id }) },
  { weight: 2, arbitrary: fc.record({ do: action('count'), counter, id, amount }) },
  { weight: 1, arbitrary: fc.record({ do: action('compact'), counter, ids: fc.uniqueArray(id, { maxLength: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ do: action('refuse'), asset }) },
  { weight: 1, arbitrary: fc.record({ do: action('crash'), asset }) },
);

/** Random asset operations with unique names, in the order in which they should take effect. */
export function assetOperations(options: { readonly maxLength?: number } = {}): fc.Arbitrary<Operation[]> {
  return fc.array(assetFacts, { maxLength: options.maxLength ?? 40 }).map((all) =>
    all.map((facts, index) => {
      const opId = `op${index}`;
      // Keys that an operation appends contain its id, so that no two operations share one.
      const own = facts.do === 'note' || facts.do === 'count' ? { ...facts, id: opId } : facts;
      return assetOperation(own, { opId, sourceHash: `hash${index}` });
    }),
  );
}
