import type { Budget, JsonObject, Operation, State } from '@medrex/execute-batch';
import { changeOf, recordKeyOf } from './declared-keys.ts';
import { jsonOf, type Entry } from './entry.ts';
import { holderOf, keepIdentifiers } from './identifier-line.ts';
import { findLookups, withFound } from './lookups.ts';
import { survivorOf } from './patient-link.ts';
import { applyMerge, isMerged, type Merge } from './patient-merge.ts';
import { checkIfMatch, readHead, writeVersion, type RecordHead } from './record.ts';
import { spacesOf, type Registry } from './registry.ts';
import type { ApplyContext, Change, CodedFields, ResourceModule } from './resource-module.ts';
import { SpacedState } from './spaced-state.ts';

/** One entry, and everything that it is applied with. */
export interface EntryRun {
  readonly entry: Entry;
  readonly operation: Operation;
  readonly registry: Registry;
  readonly state: State;
  readonly budget: Budget;
}

/** What was done to the resource; `nothing` for a delete of a missing one. */
export type Deed = 'created' | 'updated' | 'deleted' | 'existing' | 'nothing';

/**
 * Applies one entry: references and patient first, then the rules of every record, then what is special about its type.
 */
export async function applyEntry(run: EntryRun): Promise<JsonObject> {
  const { entry, state } = run;
  const module = run.registry.module(entry.type);
  const found = await findLookups(entry, state);
  const matched =
    entry.condition === undefined ? undefined : await holderOf(state, entry.type, entry.condition, entry.type);
  if (entry.action === 'create' && matched !== undefined) {
    const head = await readHead(state, module.space, entry.type, matched);
    return told(entry, matched, 'existing', head?.version);
  }
  if (entry.action === 'delete') {
    const id = entry.condition === undefined ? entry.id : matched;
    return id === undefined ? told(entry, entry.id, 'nothing') : deleteResource(run, module, id);
  }
  const resolved: Entry = { ...entry, id: matched ?? entry.id, facts: withFound(entry.facts ?? {}, found) };
  const merges = module.merges?.(changeOf(resolved)) ?? [];
  return merges.length > 0
    ? mergePatients(run, module, resolved, merges)
    : writeResource(run, module, await onSurvivor(resolved, state));
}

/** The entry as it lands on the patient that its own was merged into. A Patient resource is its patient. */
async function onSurvivor(entry: Entry, state: State): Promise<Entry> {
  if (entry.patient === undefined) return entry;
  const patient = await survivorOf(state, entry.patient);
  return patient === entry.patient ? entry : { ...entry, patient, id: entry.type === 'Patient' ? patient : entry.id };
}

/** A Patient that says whom it replaces or by whom it was replaced. Said again, it changes nothing. */
async function mergePatients(
  run: EntryRun,
  module: ResourceModule,
  entry: Entry,
  merges: readonly Merge[],
): Promise<JsonObject> {
  const open: Merge[] = [];
  for (const merge of merges) {
    if (!(await isMerged(run.state, merge))) open.push(merge);
  }
  for (const merge of open) await applyMerge(run.registry, merge, run.state, contextOf(run, 0, undefined));
  const isReplaced = merges.some(({ from }) => from === entry.id);
  if (open.length === 0 && isReplaced) return told(entry, entry.id, 'existing');
  return { ...(await writeResource(run, module, entry)), merged: open };
}

async function writeResource(run: EntryRun, module: ResourceModule, entry: Entry): Promise<JsonObject> {
  const { state, operation } = run;
  // A minted id is new: nothing is read, the head is written blind.
  const isBlind = entry.action === 'create' && entry.isKept !== true;
  const previous = isBlind ? undefined : await readHead(state, module.space, entry.type, entry.id);
  const isThere = previous !== undefined && !previous.isDeleted;
  if (entry.isKept === true && isThere) return told(entry, entry.id, 'existing', previous.version);
  checkIfMatch(entry, previous);
  const version = (previous?.version ?? 0) + 1;
  const change: Change<CodedFields> = changeOf(entry);
  const words = await module.apply?.(change, spaced(run, module), contextOf(run, version, previous));
  const identifiers = identifiersOf(entry, previous);
  await keepIdentifiers(state, entry.type, entry.id, previous?.identifiers ?? [], identifiers);
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
  return { ...told(entry, entry.id, isThere ? 'updated' : 'created', version), ...jsonOf(words ?? {}) };
}

async function deleteResource(run: EntryRun, module: ResourceModule, id: string): Promise<JsonObject> {
  const { entry, state, operation } = run;
  const previous = await readHead(state, module.space, entry.type, id);
  checkIfMatch(entry, previous);
  if (previous === undefined || previous.isDeleted) return told(entry, id, 'nothing', previous?.version);
  const version = previous.version + 1;
  const patient = previous.patient === undefined ? undefined : await survivorOf(state, previous.patient);
  await module.remove?.(
    { id, patient, changeId: entry.changeId },
    spaced(run, module),
    contextOf(run, version, previous),
  );
  await keepIdentifiers(state, entry.type, id, previous.identifiers, []);
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
  return told(entry, id, 'deleted', version);
}

/** The answer for the sender: the reference to use from now on, the version, and what was done. */
function told(entry: Entry, id: string, did: Deed, version?: number): JsonObject {
  const known = id === entry.id ? (entry.told ?? id) : id;
  return { did, reference: `${entry.type}/${known}`, ...(version === undefined ? {} : { version }) };
}

function spaced(run: EntryRun, module: ResourceModule): State {
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
 * The resource's identifiers, and the one that a conditional create or update asked for. A patient keeps those it had:
 * under a survivor's stand those of the patients who were merged into it.
 */
function identifiersOf(
  { type, identifiers = [], condition }: Entry,
  previous: RecordHead | undefined,
): readonly string[] {
  const kept = type === 'Patient' && previous !== undefined && !previous.isDeleted ? previous.identifiers : [];
  const asked = condition === undefined ? [] : [condition];
  return [...new Set([...kept, ...identifiers, ...asked])];
}
