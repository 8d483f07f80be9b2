import { isCodedError } from '@medrex/coded-error';
import {
  compactedBase,
  compactionDeltasMax,
  type CompactionPlan,
  counterBaseKey,
  operationRecordKey,
  parseCounterKey,
  parseStateKey,
  type StateKey,
} from '@medrex/keys';
import { type Contract, type JsonObject, type JsonValue, type Operation, Reject, type State } from './contract.ts';
import { decodeRecord } from './operation-record.ts';

/** Maximum of records in one prune. */
export const pruneKeysMax = 500;

/** The part of an operation that its contract sees; name and time are added later. */
export type HousekeepingOperation = Pick<Operation, 'contract' | 'templateVersion' | 'keys' | 'facts' | 'bodies'>;

/**
 * Medrex's own contract, included in every chaincode of `batchChaincode`. Its operations are like all others: they are
 * in the log, have places in the order and records, and a repeat is answered from the record.
 */
export const housekeeping: Contract = {
  name: 'housekeeping',
  templateVersions: [1],
  async apply(operation, state) {
    const { do: action } = operation.facts;
    if (action === 'prune') return prune(operation, state);
    if (action === 'compact') return compact(operation, state);
    throw new Reject('HOUSEKEEPING_UNKNOWN', 'housekeeping prunes or compacts');
  },
};

/**
 * Deletes the records of these operations that are dated before a day.
 * @param opIds at most `pruneKeysMax`
 * @param before YYYY-MM-DD; messages dated before it are refused on arrival as too old
 */
export function pruneOf(opIds: readonly string[], before: string): HousekeepingOperation {
  return own({ do: 'prune', before }, opIds.map(operationRecordKey));
}

/** Folds the deltas of the plan into the base. */
export function compactionOf({ counter, base, deltas }: CompactionPlan): HousekeepingOperation {
  return own({ do: 'compact', counter }, [base, ...deltas]);
}

function own(facts: JsonObject, keys: readonly StateKey[]): HousekeepingOperation {
  const { name: contract } = housekeeping;
  return { contract, templateVersion: 1, keys: keys.map((key) => ({ key, mode: 'readWrite' })), facts, bodies: [] };
}

/** The date in the record decides, so that no wrong request can delete a record that a repeat still needs. */
async function prune({ keys, facts: { before } }: Operation, state: State): Promise<JsonValue> {
  const opIds = keys.map(({ key }) => recordOf(key));
  if (typeof before !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(before) || opIds.length > pruneKeysMax) {
    throw new Reject('PRUNE_REFUSED', `a prune names a day and at most ${pruneKeysMax} operation records`);
  }
  const kept: string[] = [];
  let pruned = 0;
  for (const [index, { key }] of keys.entries()) {
    const value = await state.get(key);
    if (value === undefined) continue;
    const day = decodeRecord(value)?.day;
    if (day !== undefined && day < before) {
      state.delete(key);
      pruned += 1;
    } else kept.push(opIds[index] ?? '');
  }
  return { pruned, kept };
}

function recordOf(key: StateKey): string {
  const { space, entity, parts } = parseStateKey(key) ?? {};
  const [opId] = parts ?? [];
  if (space === 'system' && entity === 'op' && parts?.length === 1 && opId !== undefined) return opId;
  throw new Reject('PRUNE_REFUSED', 'a prune names operation records and nothing else');
}

/** Deltas folded by an earlier compaction are absent and add nothing. */
async function compact({ keys, facts: { counter } }: Operation, state: State): Promise<JsonValue> {
  const [base, ...deltas] = keys.map(({ key }) => key);
  if (typeof counter !== 'string' || base !== counterBaseKey(counter) || !areDeltas(deltas, counter)) {
    const message = `a compaction names the base of one counter and at most ${compactionDeltasMax} deltas of it`;
    throw new Reject('COMPACTION_REFUSED', message);
  }
  const values = await Promise.all(deltas.map((key) => state.get(key)));
  const standing = deltas.filter((_, index) => values[index] !== undefined);
  if (standing.length > 0) state.put(base, folded(await state.get(base), values));
  for (const key of standing) state.delete(key);
  return { folded: standing.length };
}

function areDeltas(keys: readonly StateKey[], counter: string): boolean {
  const isDelta = (key: StateKey): boolean => {
    const parsed = parseCounterKey(key);
    return parsed?.kind === 'delta' && parsed.counter === counter;
  };
  return keys.length <= compactionDeltasMax && keys.every(isDelta);
}

function folded(base: Uint8Array | undefined, deltas: readonly (Uint8Array | undefined)[]): Uint8Array {
  try {
    return compactedBase(base, deltas);
  } catch (error) {
    if (!isCodedError(error, 'INVALID_COUNTER_VALUE')) throw error;
    throw new Reject('COUNTER_UNREADABLE', 'a value of the counter was written by others, or the sum is not exact');
  }
}
