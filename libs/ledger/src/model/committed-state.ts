import type { KeyRead, RangeRead, Version } from '../ledger.ts';
import { namespaceOf } from '../lifecycle.ts';
import type { StateView, VersionedValue } from '../state-view.ts';
import { setsOf, type CommittedState, type NamespaceSet, type OrderedTransaction } from '../validate-block.ts';
import { afterKey } from '../validate-range.ts';
import type { ModelStore } from './model-store.ts';

/**
 * Fetches everything that the validation of a block needs from the committed state, so that validation itself is a pure
 * function: versions of all read keys, lines of all ranges, known ids.
 */
export async function loadCommittedState(
  transactions: readonly OrderedTransaction[],
  view: StateView,
  store: Pick<ModelStore, 'knownTransactions'>,
): Promise<CommittedState> {
  const known = await store.knownTransactions(transactions.map(({ txId }) => txId));
  const sets = transactions.flatMap(setsOf);
  const versions = await loadVersions(sets, view);
  const ranges = await loadRanges(sets, view);
  const values = await loadValues(sets, view);
  return {
    version: (namespace, key) => versions.get(namespace)?.get(key),
    range: (namespace, start, end) => ranges.get(rangeName(namespace, start, end)) ?? [],
    value: (namespace, key) => values.get(keyName(namespace, key)),
    hasTransaction: (txId) => known.has(txId),
  };
}

type Versions = Map<string, Map<string, Version | undefined>>;

async function loadVersions(sets: readonly NamespaceSet[], view: StateView): Promise<Versions> {
  const versions: Versions = new Map();
  for (const [namespace, keys] of keysRead(sets)) {
    const found = await view.get(namespace, keys);
    const known = new Map<string, Version | undefined>();
    keys.forEach((key, at) => known.set(key, found[at]?.version));
    versions.set(namespace, known);
  }
  return versions;
}

/** The read keys of each namespace, repeated if several transactions read one. */
function keysRead(sets: readonly NamespaceSet[]): ReadonlyMap<string, readonly string[]> {
  const namespaces = new Map<string, string[]>();
  const keysOf = (namespace: string): string[] => {
    const keys = namespaces.get(namespace) ?? [];
    namespaces.set(namespace, keys);
    return keys;
  };
  for (const { chaincode, readWriteSet } of sets) {
    const own = keysOf(chaincode);
    for (const { key } of readWriteSet.reads) {
      const namespace = namespaceOf(chaincode, key);
      (namespace === chaincode ? own : keysOf(namespace)).push(key);
    }
  }
  return namespaces;
}

async function loadRanges(
  sets: readonly NamespaceSet[],
  view: StateView,
): Promise<ReadonlyMap<string, readonly KeyRead[]>> {
  const ranges = new Map<string, KeyRead[]>();
  for (const { chaincode, readWriteSet } of sets) {
    for (const range of readWriteSet.ranges) await loadRange(ranges, view, chaincode, range);
  }
  return ranges;
}

async function loadRange(
  ranges: Map<string, KeyRead[]>,
  view: StateView,
  namespace: string,
  { start, end, isExhausted }: RangeRead,
): Promise<void> {
  const bound = isExhausted ? end : afterKey(end);
  const name = rangeName(namespace, start, bound);
  if (ranges.has(name)) return;
  const lines: KeyRead[] = [];
  for await (const { key, version } of view.range(namespace, start, bound)) {
    lines.push({ key: key as KeyRead['key'], version });
  }
  ranges.set(name, lines);
}

/** The values whose metadata is written: they stay under the new version. */
async function loadValues(
  sets: readonly NamespaceSet[],
  view: StateView,
): Promise<ReadonlyMap<string, VersionedValue | undefined>> {
  const values = new Map<string, VersionedValue | undefined>();
  for (const { chaincode, readWriteSet } of sets) {
    const keys = (readWriteSet.metadata ?? []).map(({ key }) => key);
    if (keys.length === 0) continue;
    const found = await view.get(chaincode, keys);
    keys.forEach((key, at) => values.set(keyName(chaincode, key), found[at]));
  }
  return values;
}

const keyName = (namespace: string, key: string): string => JSON.stringify([namespace, key]);
const rangeName = (namespace: string, start: string, end: string): string => JSON.stringify([namespace, start, end]);
