import type { State } from '@medrex/execute-batch';
import { counterDeltaKey, encodeCounterDelta, stateKey, type StateKey } from '@medrex/keys';
import { reject } from '../contract/rejects.ts';
import { readJson, writeJson } from '../contract/state-json.ts';

/** Key of a bed. Its value names the encounter in the bed. */
export function bedKey(location: string): StateKey {
  return stateKey('clinical', 'bed', location);
}

/** Key of one change of a ward's census. The census is only displayed; no decision reads it. */
export function censusKey(ward: string, changeId: string): StateKey {
  return counterDeltaKey(`census:${ward}`, changeId);
}

/**
 * Assigns a bed to an encounter.
 * @throws Reject BED_OCCUPIED
 */
export async function takeBed(state: State, location: string, encounter: string, time: string): Promise<void> {
  const occupant = (await readJson(state, bedKey(location)))?.['encounter'];
  if (occupant !== undefined && occupant !== encounter) {
    throw reject('BED_OCCUPIED', 'the bed holds another encounter; move or discharge that one first', {
      expression: 'Encounter.location',
    });
  }
  if (occupant === undefined) writeJson(state, bedKey(location), { encounter, since: time });
}

/** Frees a bed if this encounter occupies it. */
export async function leaveBed(state: State, location: string, encounter: string): Promise<void> {
  if ((await readJson(state, bedKey(location)))?.['encounter'] === encounter) state.delete(bedKey(location));
}

/** Moves an encounter from the census of one ward to that of another; either may be undefined. */
export function moveCensus(state: State, from: string | undefined, into: string | undefined, changeId: string): void {
  if (from === into) return;
  if (from !== undefined) state.put(censusKey(from, changeId), encodeCounterDelta(-1));
  if (into !== undefined) state.put(censusKey(into, changeId), encodeCounterDelta(1));
}
