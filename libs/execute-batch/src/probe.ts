import { parseStateKey } from '@medrex/keys';
import type { Ending } from './apply-operation.ts';
import type { BatchState } from './batch-state.ts';
import type { Probe } from './item.ts';
import { parseStateValue, stateValue } from './state-value.ts';

/** Why a probe is refused before anything is read; undefined if it is valid. */
export function refusedProbe({ key }: Probe): Ending | undefined {
  const { space, entity, parts } = parseStateKey(key) ?? {};
  if (space === 'system' && entity === 'probe' && parts?.length === 1) return undefined;
  return { status: 'rejected', code: 'PROBE_REFUSED', message: 'a probe touches a key of probeKey and nothing else' };
}

/** Increments the probe's counter, so that every probe writes a new value. */
export function applyProbe({ key }: Probe, state: BatchState): Ending {
  const count = parseStateValue(state.peek(key))?.count;
  state.write(key, stateValue({ count: (typeof count === 'number' ? count : 0) + 1 }));
  return { status: 'applied', code: 'OK' };
}
