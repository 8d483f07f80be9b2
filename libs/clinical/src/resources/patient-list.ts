import type { State } from '@medrex/execute-batch';
import { stateKey, type StateKey } from '@medrex/keys';
import { reject } from '../contract/rejects.ts';
import type { ApplyContext, CodedFields } from '../contract/resource-module.ts';
import { readJson, writeJson } from '../contract/state-json.ts';

/** One line of a list that is kept per patient: which resource it is. */
export type ListLine = CodedFields & { readonly id: string };

/** A line with the codes that decisions are made on. */
export type CodedLine = ListLine & { readonly codes: readonly string[] };

/** Longest such list; real patients have a tenth of it, and every decision on it walks it once. */
const listMax = 500;

/** Where a resource stood and where it belongs after a change. */
export interface Listing<Line> {
  readonly id: string;
  /** On whose list it stood before; undefined when on none. */
  readonly before: string | undefined;
  readonly patient: string | undefined;
  /** Its line while it counts; undefined when it does not, or not any more. */
  readonly line: Line | undefined;
}

/** A short list per patient under one key, because decisions need all of it at once: active allergies, active orders. */
export interface PatientList<Line extends ListLine> {
  key(patient: string): StateKey;
  read(state: State, patient: string): Promise<readonly Line[]>;
  /** Keeps a resource on the list of its patient while it counts, and on no other one. @throws Reject LIST_FULL */
  keep(state: State, listing: Listing<Line>): Promise<void>;
  /** Takes a resource's line out; without one, nothing is written. */
  remove(state: State, patient: string, id: string): Promise<void>;
  /** Puts the lines of one patient on the list of another one, behind those that stand there. @throws Reject LIST_FULL */
  move(state: State, from: string, into: string): Promise<void>;
}

/**
 * The list under `cli~<entity>~<patient>`. A line that is put again keeps its place.
 *
 * @param order of the lines of two patients who were merged; without it the survivor's come first
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
  const put = async (state: State, patient: string, line: Line) => {
    const lines = await read(state, patient);
    const isThere = lines.some(({ id }) => id === line.id);
    write(state, patient, isThere ? lines.map((one) => (one.id === line.id ? line : one)) : [...lines, line]);
  };
  return {
    key,
    read,
    remove,
    keep: async (state, { id, before, patient, line }) => {
      if (before !== undefined && (before !== patient || line === undefined)) await remove(state, before, id);
      if (patient !== undefined && line !== undefined) await put(state, patient, line);
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

/** On whose lists the previous version of a resource stands, if it may stand on any: merges carry the lines along. */
export async function standsWith({
  previous,
  survivor,
}: Pick<ApplyContext<CodedFields>, 'previous' | 'survivor'>): Promise<string | undefined> {
  if (previous?.patient === undefined || previous.isDeleted) return undefined;
  return survivor(previous.patient);
}

/** Active allergies of a patient; AllergyIntolerance writes it, orders read it. */
export const activeAllergies = patientList<CodedLine>('allergies');

/** Active orders of a patient; MedicationRequest alone touches it. */
export const activeOrders = patientList<CodedLine>('orders');
