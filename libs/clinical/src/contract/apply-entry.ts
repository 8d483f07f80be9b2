import type { Budget, JsonObject, Operation, State } from '@medrex/execute-batch';
import { changeOf, recordKeyOf } from './declared-keys.ts';
import { jsonOf, type Entry } from './entry.ts';
import { holderOf, updateIdentifierLines } from './identifier-line.ts';
import { findLookups, withFoundIds } from './lookups.ts';
import { survivorOf } from './patient-link.ts';
import { applyMerge, isMerged, type Merge } from './patient-merge.ts';
import { checkIfMatch, readHead, writeVersion, type RecordHead } from './record.ts';
import { spacesOf, type Registry } from './registry.ts';
import type { ApplyContext, Change, CodedFields, ResourceModule } from './resource-module.ts';
import { SpacedState } from './spaced-state.ts';

/** One entry and what is needed to apply it. */
export interface EntryRun {
  readonly entry: Entry;
  readonly operation: Operation;
  readonly registry: Registry;
  readonly state: State;
  readonly budget: Budget;
}

/** What an entry did. `existing`: a conditional create found its resource. `nothing`: there was nothing to delete. */
export type Outcome = 'created' | 'updated' | 'deleted' | 'existing' | 'nothing';

/**
 * Applies one entry: resolves its references, follows merges of its patient, then applies the rules that all records
 * share and those of its type.
 */
export async function applyEntry(run: EntryRun): Promise<JsonObject> {
  const { entry, state } = run;
  const module = run.registry.module(entry.type);
  const found = await findLookups(entry, state);
  const matched =
    entry.condition === undefined ? undefined : await holderOf(state, entry.type, entry.condition, entry.type);
  if (entry.action === 'create' && matched !== undefined) {
    const head = await readHead(state, module.space, entry.type, matched);
    return entryResult(entry, matched, 'existing', head?.version);
  }
  if (entry.action === 'delete') {
    const id = entry.condition === undefined ? entry.id : matched;
    return id === undefined ? entryResult(entry, entry.id, 'nothing') : deleteResource(run, module, id);
  }
  const resolved: Entry = { ...entry, id: matched ?? entry.id, facts: withFoundIds(entry.facts ?? {}, found) };
  const merges = module.merges?.(changeOf(resolved)) ?? [];
  return merges.length > 0
    ? mergePatients(run, module, resolved, merges)
    : writeResource(run, module, await withSurvivor(resolved, state));
}

/**
 * The same entry about the surviving patient, if its own patient was merged into another one. A Patient resource takes
 * the survivor's id.
 */
async function withSurvivor(entry: Entry, state: State): Promise<Entry> {
  if (entry.patient === undefined) return entry;
  const patient = await survivorOf(state, entry.patient);
  return patient === entry.patient ? entry : { ...entry, patient, id: entry.type === 'Patient' ? patient : entry.id };
}

/** Writes a Patient whose links merge it with others. A merge that was carried out before changes nothing. */
async function mergePatients(
  run: EntryRun,
  module: ResourceModule,
  entry: Entry,
  merges: readonly Merge[],
): Promise<JsonObject> {
  const pending: Merge[] = [];
  for (const merge of merges) {
    if (!(await isMerged(run.state, merge))) pending.push(merge);
  }
  for (const merge of pending) await applyMerge(run.registry, merge, run.state, contextOf(run, 0, undefined));
  const isReplaced = merges.some(({ from }) => from === entry.id);
  if (pending.length === 0 && isReplaced) return entryResult(entry, entry.id, 'existing');
  return { ...(await writeResource(run, module, entry)), merged: pending };
}

async function writeResource(run: EntryRun, module: ResourceModule, entry: Entry): Promise<JsonObject> {
  const { state, operation } = run;
  // The id of a created resource is new, so its head is written without being read.
  const isBlind = entry.action === 'create' && entry.isKept !== true;
  const previous = isBlind ? undefined : await readHead(state, module.space, entry.type, entry.id);
  const exists = previous !== undefined && !previous.isDeleted;
  if (entry.isKept === true && exists) return entryResult(entry, entry.id, 'existing', previous.version);
  checkIfMatch(entry, previous);
  const version = (previous?.version ?? 0) + 1;
  const change: Change<CodedFields> = changeOf(entry);
  const response = await module.apply?.(change, stateFor(run, module), contextOf(run, version, previous));
  const identifiers = identifiersOf(entry, previous);
  await updateIdentifierLines(state, entry.type, entry.id, previous?.identifiers ?? [], identifiers);
  writeVersion(state, {
    space: module.space,
    type: entry.type,
    id: entry.id,
    version,
    patient: entry.patient,
    record: recordKeyOf(entry, module),
    facts: change.facts,
    headFacts: module.headFacts?.(change.facts),
    identifiers,
    time: operation.time,
    sealed:
      entry.body === undefined
        ? undefined
        : { body: operation.bodies[entry.body], changeId: entry.changeId, id: run.entry.id },
  });
  return { ...entryResult(entry, entry.id, exists ? 'updated' : 'created', version), ...jsonOf(response ?? {}) };
}

async function deleteResource(run: EntryRun, module: ResourceModule, id: string): Promise<JsonObject> {
  const { entry, state, operation } = run;
  const previous = await readHead(state, module.space, entry.type, id);
  checkIfMatch(entry, previous);
  if (previous === undefined || previous.isDeleted) return entryResult(entry, id, 'nothing', previous?.version);
  const version = previous.version + 1;
  const patient = previous.patient === undefined ? undefined : await survivorOf(state, previous.patient);
  await module.remove?.(
    { id, patient, changeId: entry.changeId },
    stateFor(run, module),
    contextOf(run, version, previous),
  );
  await updateIdentifierLines(state, entry.type, id, previous.identifiers, []);
  writeVersion(state, {
    space: module.space,
    type: entry.type,
    id,
    version,
    patient,
    record: recordKeyOf({ ...entry, id }, module),
    isDeleted: true,
    identifiers: [],
    time: operation.time,
  });
  return entryResult(entry, id, 'deleted', version);
}

/** The result that the sender gets: the reference to use from now on, the version, and what was done. */
function entryResult(entry: Entry, id: string, outcome: Outcome, version?: number): JsonObject {
  const responseId = id === entry.id ? (entry.told ?? id) : id;
  return { did: outcome, reference: `${entry.type}/${responseId}`, ...(version === undefined ? {} : { version }) };
}

function stateFor(run: EntryRun, module: ResourceModule): State {
  return new SpacedState(run.state, spacesOf(module), module.type);
}

function contextOf(run: EntryRun, version: number, previous: RecordHead | undefined): ApplyContext<CodedFields> {
  return {
    time: run.operation.time,
    version,
    previous,
    survivor: (patient) => survivorOf(run.state, patient),
    spend: (units) => run.budget.spend(units),
  };
}

/**
 * Digests of the resource's identifiers, including the one that a conditional create or update searched for. A Patient
 * keeps those it had before, because the survivor of a merge has those of the other patients, too.
 */
function identifiersOf(
  { type, identifiers = [], condition }: Entry,
  previous: RecordHead | undefined,
): readonly string[] {
  const kept = type === 'Patient' && previous !== undefined && !previous.isDeleted ? previous.identifiers : [];
  const searched = condition === undefined ? [] : [condition];
  return [...new Set([...kept, ...identifiers, ...searched])];
}
