import { parseStateValue, stateValue, type JsonObject, type State } from '@medrex/execute-batch';
import type { StateKey } from '@medrex/keys';
import type { CodedFields } from './resource-module.ts';

/** A state value as JSON, undefined when the key is absent. */
export async function readJson(state: State, key: StateKey): Promise<JsonObject | undefined> {
  return parseStateValue(await state.get(key));
}

/** Writes canonical JSON with the sealed body, if any, in the field `body`. Undefined fields are left out. */
export function writeJson(state: State, key: StateKey, fields: CodedFields, body?: Uint8Array): void {
  state.put(key, stateValue(fields, body === undefined ? {} : { body }));
}
