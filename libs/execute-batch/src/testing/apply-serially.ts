import { operationRecordKey, type AccessMode, type DeclaredKey, type StateKey } from '@medrex/keys';
import type { Close } from '../item.ts';
import { type Contract, type Operation, type OperationResult, Reject, type State } from '../contract.ts';
import { decodeRecord, encodeRecord } from '../operation-record.ts';
import type { CommittedState } from './in-memory-stub.ts';

/** One step of a serial history. */
export type SerialStep = Operation | { readonly close: Close };

/** Transaction id in the oracle's records: there are no transactions. */
export const serialTxId = 'serial';

/**
 * The oracle: operations one after another against a Map, each on a copy that is thrown away unless it applied. No overlay, no fusing, no
 * prefetch, no budget. Whatever the pipeline does must come to the same state and results, transaction ids aside (`comparable`).
 *
 * @param state changed in place; operation records included
 * @returns one result per step; a step answered from a record is a repeat
 */
export async function applySerially(
  contracts: readonly Contract[],
  steps: readonly SerialStep[],
  state: CommittedState,
): Promise<OperationResult[]> {
  const results: OperationResult[] = [];
  for (const step of steps) {
    const { opId, sourceHash } = 'close' in step ? step.close : step;
    const answer = fromRecord(state, opId, sourceHash) ?? (await settle(contracts, step, state));
    results.push({ opId, sourceHash, ...answer });
  }
  return results;
}

type Answer = Omit<OperationResult, 'opId' | 'sourceHash'>;

function fromRecord(state: CommittedState, opId: string, sourceHash: string): Answer | undefined {
  const value = state.get(operationRecordKey(opId));
  const record = value === undefined ? undefined : decodeRecord(value);
  if (record === undefined) return undefined;
  if (record.sourceHash !== sourceHash) {
    const message = 'another message was sent under the same name before';
    return { status: 'rejected', code: 'ID_REUSED', message, txId: serialTxId, undeclared: [] };
  }
  const { status, code, message, detail, txId } = record;
  return {
    ...{ status, code, txId, isRepeat: true, undeclared: [] },
    ...(message === undefined ? {} : { message }),
    ...(detail === undefined ? {} : { detail }),
  };
}

async function settle(contracts: readonly Contract[], step: SerialStep, state: CommittedState): Promise<Answer> {
  const answer =
    'close' in step
      ? ({ status: 'dead', code: step.close.reason, txId: serialTxId, undeclared: [] } as const)
      : await applyAlone(contracts, step, state);
  const { opId, sourceHash, day } = 'close' in step ? step.close : { ...step, day: step.time.slice(0, 10) };
  state.set(operationRecordKey(opId), encodeRecord({ sourceHash, day, ...answer }));
  return answer;
}

async function applyAlone(
  contracts: readonly Contract[],
  operation: Operation,
  state: CommittedState,
): Promise<Answer> {
  const contract = contracts.find(({ name }) => name === operation.contract);
  if (contract === undefined) throw new Error(`no contract ${operation.contract}`);
  const copy = new RecordingState(state);
  const common = { txId: serialTxId } as const;
  const budget = { spend: () => undefined };
  try {
    const detail = await contract.apply(operation, copy, budget);
    state.clear();
    for (const [key, value] of copy.values) state.set(key, value);
    const undeclared = copy.beyond(operation.keys);
    return { status: 'applied', code: 'OK', ...(detail === undefined ? {} : { detail }), ...common, undeclared };
  } catch (error) {
    const undeclared = copy.beyond(operation.keys);
    if (!(error instanceof Reject)) {
      const message = `contract ${contract.name} threw ${error instanceof Error ? error.name : typeof error}`;
      return { status: 'dead', code: 'CONTRACT_ERROR', message, ...common, undeclared };
    }
    const { code, message, detail } = error;
    return { status: 'rejected', code, message, ...(detail === undefined ? {} : { detail }), ...common, undeclared };
  }
}

/** A copy of the state that notes what was done to it. */
class RecordingState implements State {
  readonly values: CommittedState;
  readonly #order = new Set<StateKey>();
  readonly #read = new Set<StateKey>();
  readonly #written = new Set<StateKey>();

  constructor(state: CommittedState) {
    this.values = new Map(state);
  }

  get(key: StateKey): Promise<Uint8Array | undefined> {
    this.#order.add(key);
    if (!this.#written.has(key)) this.#read.add(key);
    return Promise.resolve(this.values.get(key));
  }

  put(key: StateKey, value: Uint8Array): void {
    this.#order.add(key);
    this.#written.add(key);
    this.values.set(key, value);
  }

  delete(key: StateKey): void {
    this.#order.add(key);
    this.#written.add(key);
    this.values.delete(key);
  }

  /** What was done beyond the declaration. */
  beyond(declared: readonly DeclaredKey[]): DeclaredKey[] {
    return [...this.#order].flatMap((key) => {
      const modes = declared.filter((one) => one.key === key).map(({ mode }) => mode);
      const mayRead = modes.some((mode) => mode === 'read' || mode === 'readWrite' || mode === 'ensure');
      const mayWrite = modes.some((mode) => mode !== 'read');
      const did = { read: this.#read.has(key), write: this.#written.has(key) };
      if ((mayRead || !did.read) && (mayWrite || !did.write)) return [];
      const mode: AccessMode = modes.length > 0 || (did.read && did.write) ? 'readWrite' : did.read ? 'read' : 'write';
      return [{ key, mode }];
    });
  }
}
