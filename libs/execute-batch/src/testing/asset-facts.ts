import {
  appendOnlyKey,
  compactionDeltasMax,
  counterBaseKey,
  counterDeltaKey,
  type DeclaredKey,
  ensureKey,
  type StateKey,
  stateKey,
} from '@medrex/keys';

/** Facts of an asset operation. `id` is unique to the operation and is part of the keys that it appends. */
export type AssetFacts =
  | { readonly do: 'create'; readonly asset: string; readonly owner: string; readonly value: number }
  | { readonly do: 'transfer'; readonly asset: string; readonly to: string }
  | { readonly do: 'move'; readonly asset: string; readonly from: string; readonly to: string }
  | { readonly do: 'delete'; readonly asset: string }
  | { readonly do: 'look'; readonly asset: string }
  | { readonly do: 'label'; readonly asset: string; readonly label: string }
  | { readonly do: 'deposit'; readonly account: string; readonly amount: number }
  | { readonly do: 'pay'; readonly from: string; readonly to: string; readonly amount: number }
  | { readonly do: 'payOwner'; readonly asset: string; readonly from: string; readonly amount: number }
  | { readonly do: 'ensure'; readonly kind: string; readonly content: string }
  | { readonly do: 'note'; readonly asset: string; readonly id: string }
  | { readonly do: 'count'; readonly counter: string; readonly id: string; readonly amount: number }
  | { readonly do: 'compact'; readonly counter: string; readonly ids: readonly string[] }
  | { readonly do: 'refuse'; readonly asset: string }
  | { readonly do: 'crash'; readonly asset: string }
  | { readonly do: 'spend'; readonly units: number };

export type AssetAction = AssetFacts['do'];

export const assetKey = (asset: string): StateKey => stateKey('financial', 'asset', asset);
export const labelKey = (asset: string): StateKey => stateKey('financial', 'label', asset);
export const accountKey = (account: string): StateKey => stateKey('financial', 'account', account);
/** Number of assets of a person: read and written by every transfer to or from that person. */
export const holdingKey = (owner: string): StateKey => stateKey('financial', 'holding', owner);
export const kindKey = (kind: string): StateKey => ensureKey({ space: 'financial', entity: 'kind', digest: kind });
export const noteKey = (asset: string, id: string): StateKey =>
  appendOnlyKey({ space: 'audit', entity: 'note', subject: asset, id });

const readWrite = (...keys: readonly StateKey[]): DeclaredKey[] => keys.map((key) => ({ key, mode: 'readWrite' }));

/**
 * The keys that follow from the facts. Only the state tells whose holding a transfer or delete reduces, and whom
 * `payOwner` pays.
 */
export function assetKeys(facts: AssetFacts): DeclaredKey[] {
  switch (facts.do) {
    case 'create':
      return readWrite(assetKey(facts.asset), holdingKey(facts.owner));
    case 'transfer':
      return readWrite(assetKey(facts.asset), holdingKey(facts.to));
    case 'move':
      return readWrite(assetKey(facts.asset), holdingKey(facts.from), holdingKey(facts.to));
    case 'delete':
    case 'refuse':
    case 'crash':
      return readWrite(assetKey(facts.asset));
    case 'look':
      return [assetKey(facts.asset), labelKey(facts.asset)].map((key) => ({ key, mode: 'read' }));
    case 'label':
      return [{ key: labelKey(facts.asset), mode: 'write' }];
    case 'deposit':
      return readWrite(accountKey(facts.account));
    case 'pay':
      return readWrite(accountKey(facts.from), accountKey(facts.to));
    case 'payOwner':
      return [{ key: assetKey(facts.asset), mode: 'read' }, ...readWrite(accountKey(facts.from))];
    case 'ensure':
      return [{ key: kindKey(facts.kind), mode: 'ensure' }];
    case 'note':
      return [{ key: noteKey(facts.asset, facts.id), mode: 'append' }];
    case 'count':
      return [{ key: counterDeltaKey(facts.counter, facts.id), mode: 'delta' }];
    case 'compact': {
      const ids = facts.ids.slice(0, compactionDeltasMax);
      return readWrite(counterBaseKey(facts.counter), ...ids.map((id) => counterDeltaKey(facts.counter, id)));
    }
    case 'spend':
      return [];
  }
}
