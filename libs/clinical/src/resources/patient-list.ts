import type { State } from '@medrex/execute-batch';
import { stateKey, type StateKey } from '@medrex/keys';
import { reject } from '../contract/rejects.ts';
import type { ApplyContext, CodedFields } from '../contract/resource-module.ts';
import { readJson, writeJson } from '../contract/state-json.ts';

/** An entry of a list that is kept per patient, with the id of its resource. */
export type ListLine = CodedFields & { readonly id: string };

/** A line with the codes that checks use. */
export type CodedLine = ListLine & { readonly codes: readonly string[] };

/** Maximum length of a list. Real patients have a tenth of it, and every check walks the list once. */
const listMax = 500;

/** Where a resource was listed before a change, and its line after it. */
export interface Listing<Line> {
  readonly id: string;
  /** Patient whose list had the resource; undefined if none. */
  readonly before: string | undefined;
  readonly patient: string | undefined;
  /** Its line if it is active; undefined if not. */
  readonly line: Line | undefined;
}

/** A short list per patient under one key, for decisions that need all of it: active allergies, active orders. */
export interface PatientList<Line extends ListLine> {
  key(patient: string): StateKey;
  read(state: State, patient: string): Promise<readonly Line[]>;
  /**
   * Adds, replaces or removes the line of a resource, so that only the list of its patient has it.
   * @throws Reject LIST_FULL
   */
  keep(state: State, listing: Listing<Line>): Promise<void>;
  /** Removes a resource's line. Writes nothing if there is none. */
  remove(state: State, patient: string, id: string): Promise<void>;
  /**
   * Moves all lines of one patient to the end of another patient's list.
   * @throws Reject LIST_FULL
   */
  move(state: State, from: string, into: string): Promise<void>;
}

/**
 * The list under `cli~<entity>~<patient>`. A replaced line keeps its position.
 * @param order of the lines of two merged patients; by default the survivor's come first
 */
export function patientList<Line extends ListLine>(
  entity: string,
  order?: (one: Line, other: Line) => number,
): PatientList<Line> {
  const key = (patient: string) => stateKey('clinical', entity, patient);
  const read = async (state: State, patient: string) =>
    ((await readJson(state, key(patient)))?.['lines'] ?? []) as unknown as readonly Line[];
  const write = (state: State, patient: string, lines: readonly Line[]) => {
    if (lines.length > listMax) throw reject('LIST_FULL', `the list of ${entity} holds ${listMax} lines at most`);
    if (lines.length === 0) state.delete(key(patient));
    else writeJson(state, key(patient), { lines });
  };
  const remove = async (state: State, patient: string, id: string) => {
    const lines = await read(state, patient);
    const left = lines.filter((line) => line.id !== id);
    if (left.length < lines.length) write(state, patient, left);
  };
  const upsert = async (state: State, patient: string, line: Line) => {
    const lines = await read(state, patient);
    const isListed = lines.some(({ id }) => id === line.id);
    write(state, patient, isListed ? lines.map((one) => (one.id === line.id ? line : one)) : [...lines, line]);
  };
  return {
    key,
    read,
    remove,
    keep: async (state, { id, before, patient, line }) => {
      if (before !== undefined && (before !== patient || line === undefined)) await remove(state, before, id);
      if (patient !== undefined && line !== undefined) await upsert(state, patient, line);
    },
    move: async (state, from, into) => {
      const moved = await read(state, from);
      if (moved.length === 0) return;
      const lines = [...(await read(state, into)), ...moved];
      write(state, into, order === undefined ? lines : lines.sort(order));
      state.delete(key(from));
    },
  };
}

/** The patient whose lists have the previous version of the resource, if any. Merges move the lines to the survivor. */
export async function listOwner({
  previous,
  survivor,
}: Pick<ApplyContext<CodedFields>, 'previous' | 'survivor'>): Promise<string | undefined> {
  if (previous?.patient === undefined || previous.isDeleted) return undefined;
  return survivor(previous.patient);
}

/** Active allergies of a patient. AllergyIntolerance writes the list, orders read it. */
export const activeAllergies = patientList<CodedLine>('allergies');

/** Active orders of a patient. Only MedicationRequest uses the list. */
export const activeOrders = patientList<CodedLine>('orders');
