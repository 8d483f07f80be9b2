import { linkKey, type AccessMode, type DeclaredKey, type StateKey } from '@medrex/keys';
import type { Entry } from './entry.ts';
import { headKey, identifierKey, versionKey } from './record-keys.ts';
import { mergeKeys } from './patient-merge.ts';
import type { Registry } from './registry.ts';
import type { Change, CodedFields, ResourceModule } from './resource-module.ts';

/**
 * The keys that an entry declares: those that all records have and those of its module, as far as the message
 * determines them.
 */
export function declaredKeys(entry: Entry, registry: Registry): readonly DeclaredKey[] {
  const module = registry.module(entry.type);
  const keys: DeclaredKey[] = [];
  if (entry.patient !== undefined) keys.push({ key: linkKey(entry.patient), mode: 'read' });
  const lines = [...(entry.identifiers ?? []), ...(entry.condition === undefined ? [] : [entry.condition])];
  for (const digest of lines) keys.push({ key: identifierKey(digest), mode: lineMode(entry) });
  for (const { digest } of entry.lookups ?? []) keys.push({ key: identifierKey(digest), mode: 'read' });
  // Only the state tells which resource a conditional delete deletes.
  if (entry.action === 'delete' && entry.condition !== undefined) return keys;
  keys.push({ key: headKey(module.space, entry.type, entry.id), mode: headMode(entry) });
  keys.push({ key: recordKeyOf(entry, module), mode: 'append' });
  if (entry.action === 'delete') return keys;
  const change = changeOf(entry);
  if (module.template !== undefined) keys.push(...module.template(change));
  for (const merge of module.merges?.(change) ?? []) keys.push(...mergeKeys(registry, merge));
  return keys;
}

/**
 * Of many conditional creates for one identifier all but the first only read its key, so `ensure` lets them run
 * together.
 */
function lineMode({ action, condition, isKept }: Entry): AccessMode {
  return action === 'create' && (condition !== undefined || isKept === true) ? 'ensure' : 'readWrite';
}

function headMode(entry: Entry): AccessMode {
  if (entry.isKept === true) return 'ensure';
  return entry.action === 'create' ? 'write' : 'readWrite';
}

/** A create or update in the form that modules take. */
export function changeOf({ action, id, patient, facts = {}, changeId }: Entry): Change<CodedFields> {
  return { action: action === 'create' ? action : 'update', id, patient, facts, changeId };
}

/** Key of the record that this entry writes. */
export function recordKeyOf(entry: Entry, module: ResourceModule): StateKey {
  if (entry.action !== 'delete' && module.recordKey !== undefined) return module.recordKey(changeOf(entry));
  const isBlind = entry.action === 'create' && entry.isKept !== true;
  return versionKey(module.space, entry.type, entry.id, isBlind ? '1' : entry.changeId);
}

/** The union of the lists. A key in several lists gets a mode that covers them all. */
export function unionOfKeys(lists: readonly (readonly DeclaredKey[])[]): readonly DeclaredKey[] {
  const [only] = lists;
  if (lists.length === 1 && only !== undefined && isWithoutRepeats(only)) return only;
  const modes = new Map<StateKey, AccessMode>();
  for (const { key, mode } of lists.flat()) {
    const known = modes.get(key);
    modes.set(key, known === undefined || known === mode ? mode : covering(known, mode));
  }
  return Array.from(modes, ([key, mode]) => ({ key, mode }));
}

/** For short lists, where comparing all pairs is cheaper than a Map. */
function isWithoutRepeats(keys: readonly DeclaredKey[]): boolean {
  if (keys.length > 8) return false;
  return keys.every(({ key }, index) => !keys.some((other, before) => before < index && other.key === key));
}

function covering(left: AccessMode, right: AccessMode): AccessMode {
  const both = [left, right];
  if (both.includes('ensure') && both.includes('read')) return 'ensure';
  return both.every((mode) => mode === 'write' || mode === 'append' || mode === 'delta') ? 'write' : 'readWrite';
}
