import type { JsonObject, State } from '@medrex/execute-batch';
import type { KeySpace, StateKey } from '@medrex/keys';
import type { Entry } from './entry.ts';
import { headKey } from './record-keys.ts';
import { reject } from './rejects.ts';
import type { CodedFields, Head } from './resource-module.ts';
import { readJson, writeJson } from './state-json.ts';

/** A head as it is stored: what modules see, and digests of the resource's identifiers. */
export interface RecordHead extends Head<CodedFields> {
  readonly identifiers: readonly string[];
}

/** Reads the head of a resource. */
export async function readHead(
  state: State,
  space: KeySpace,
  type: string,
  id: string,
): Promise<RecordHead | undefined> {
  const json = await readJson(state, headKey(space, type, id));
  if (json === undefined) return undefined;
  return {
    version: Number(json['version']),
    isDeleted: json['isDeleted'] === true,
    patient: typeof json['patient'] === 'string' ? json['patient'] : undefined,
    record: json['record'] as StateKey,
    facts: (json['facts'] ?? {}) as JsonObject,
    identifiers: (json['identifiers'] ?? []) as readonly string[],
  };
}

/** What to write to the record of a version and to the head. */
export interface NewVersion {
  readonly space: KeySpace;
  readonly type: string;
  readonly id: string;
  readonly version: number;
  readonly isDeleted?: true;
  readonly patient: string | undefined;
  readonly record: StateKey;
  readonly facts?: CodedFields;
  readonly headFacts?: CodedFields | undefined;
  readonly identifiers: readonly string[];
  readonly time: string;
  /** The sealed resource, with the ids that it was sealed with: both are needed to open it. */
  readonly sealed?:
    { readonly body: Uint8Array | undefined; readonly changeId: string; readonly id: string } | undefined;
}

/** Writes the record of a version under its own key and makes it the current one. Earlier records are not touched. */
export function writeVersion(state: State, next: NewVersion): void {
  const { type, id, version, isDeleted, patient, record, facts, headFacts, time, sealed } = next;
  const sealedFor = sealed === undefined ? undefined : { change: sealed.changeId, id: sealed.id };
  writeJson(state, record, { facts, id, isDeleted, patient, sealedFor, time, type, version }, sealed?.body);
  const identifiers = next.identifiers.length === 0 ? undefined : next.identifiers;
  writeJson(state, headKey(next.space, type, id), {
    facts: headFacts,
    identifiers,
    isDeleted,
    patient,
    record,
    version,
  });
}

/**
 * @throws Reject STALE_VERSION if If-Match names another version than the current one; 0 means that there must be none.
 */
export function checkIfMatch(entry: Entry, head: RecordHead | undefined): void {
  if (entry.ifMatch === undefined) return;
  const current = head === undefined || head.isDeleted ? undefined : head.version;
  if ((current ?? 0) === entry.ifMatch) return;
  const now = current === undefined ? 'there is no current version' : `the current version is ${current}`;
  const message =
    entry.ifMatch === 0
      ? `It is to be created, ${now}; put it without If-None-Match to change it`
      : `If-Match names version ${entry.ifMatch}, ${now}; read the resource again and repeat the change`;
  throw reject('STALE_VERSION', message, { expected: entry.ifMatch, current: current ?? null });
}
