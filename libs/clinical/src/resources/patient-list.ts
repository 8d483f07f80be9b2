import type { JsonObject, State } from '@medrex/execute-batch';
import { stateKey, type StateKey } from '@medrex/keys';
import { reject } from '../contract/rejects.ts';
import { readJson, writeJson } from '../contract/state-json.ts';

/** One line of a list that is kept per patient: a resource, and the codes that decisions are made on. */
export type ListedResource = { readonly id: string; readonly codes: readonly string[] };

/** Longest such list; real patients have a tenth of it, and every decision on it walks it once. */
const listMax = 500;

/** A short list per patient under one key, because decisions need all of it at once: active allergies, active orders. */
export interface PatientList {
  key(patient: string): StateKey;
  read(state: State, patient: string): Promise<readonly ListedResource[]>;
  /** Puts a line in, or in place of the line of the same resource. @throws Reject LIST_FULL */
  put(state: State, patient: string, line: ListedResource): Promise<void>;
  /** Takes a resource's line out; without one, nothing is written. */
  remove(state: State, patient: string, id: string): Promise<void>;
  /** Puts the lines of one patient on the list of another one. */
  move(state: State, from: string, into: string): Promise<void>;
}

/** The list under `cli~<entity>~<patient>`. */
export function patientList(entity: string): PatientList {
  const key = (patient: string) => stateKey('clinical', entity, patient);
  const read = async (state: State, patient: string) => linesOf(await readJson(state, key(patient)));
  const write = (state: State, patient: string, lines: readonly ListedResource[]) => {
    if (lines.length > listMax) throw reject('LIST_FULL', `the list of ${entity} holds ${listMax} lines at most`);
    writeJson(state, key(patient), { lines });
  };
  return {
    key,
    read,
    put: async (state, patient, line) => {
      const lines = await read(state, patient);
      write(state, patient, [...lines.filter(({ id }) => id !== line.id), line]);
    },
    remove: async (state, patient, id) => {
      const lines = await read(state, patient);
      const left = lines.filter((line) => line.id !== id);
      if (left.length < lines.length) write(state, patient, left);
    },
    move: async (state, from, into) => {
      const lines = await read(state, from);
      if (lines.length === 0) return;
      const kept = await read(state, into);
      write(state, into, [...kept.filter(({ id }) => !lines.some((line) => line.id === id)), ...lines]);
      state.delete(key(from));
    },
  };
}

function linesOf(json: JsonObject | undefined): readonly ListedResource[] {
  return (json?.['lines'] ?? []) as readonly ListedResource[];
}

/** Active allergies of a patient; AllergyIntolerance writes it, orders read it. */
export const activeAllergies = patientList('allergies');

/** Active orders of a patient; MedicationRequest alone touches it. */
export const activeOrders = patientList('orders');
