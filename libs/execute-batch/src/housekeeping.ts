import { parseStateKey, type StateKey } from '@medrex/keys';
import type { Ending } from './apply-operation.ts';
import type { BatchState } from './batch-state.ts';
import { type Probe, type Prune, pruneKeysMax } from './item.ts';
import { parseStateValue, stateValue } from './state-value.ts';

/** Why a prune is refused before anything is read; undefined when it is in order. */
export function refusedPrune({ keys }: Prune): Ending | undefined {
  if (keys.length <= pruneKeysMax && keys.every((key) => isSystemKey(key, 'op'))) return undefined;
  const message = `a prune names at most ${pruneKeysMax} operation records and nothing else`;
  return { status: 'rejected', code: 'PRUNE_REFUSED', message };
}

/** Deletes the records that stand. It has no record of its own: deleting what is gone changes nothing, so a repeat may run again. */
export function applyPrune({ keys }: Prune, state: BatchState): Ending {
  const standing = keys.filter((key) => state.peek(key) !== undefined);
  for (const key of standing) state.write(key, undefined);
  return { status: 'applied', code: 'OK', detail: { pruned: standing.length } };
}

/** Why a probe is refused before anything is read; undefined when it is in order. */
export function refusedProbe({ key }: Probe): Ending | undefined {
  if (isSystemKey(key, 'probe')) return undefined;
  return { status: 'rejected', code: 'PROBE_REFUSED', message: 'a probe touches a key of probeKey and nothing else' };
}

/** Counts the probe up, so that every probe writes something that was not there. */
export function applyProbe({ key }: Probe, state: BatchState): Ending {
  const count = parseStateValue(state.peek(key))?.count;
  state.write(key, stateValue({ count: (typeof count === 'number' ? count : 0) + 1 }));
  return { status: 'applied', code: 'OK' };
}

function isSystemKey(key: StateKey, entity: string): boolean {
  const parsed = parseStateKey(key);
  return parsed?.space === 'system' && parsed.entity === entity && parsed.parts.length === 1;
}
