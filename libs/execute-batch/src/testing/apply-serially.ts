import { operationRecordKey, type AccessMode, type DeclaredKey, type StateKey } from '@medrex/keys';
import type { Close } from '../item.ts';
import { type Contract, type Operation, type OperationResult, Reject, type State } from '../contract.ts';
import { housekeeping } from '../housekeeping.ts';
import { decodeRecord, encodeRecord } from '../operation-record.ts';
import type { CommittedState } from './in-memory-stub.ts';

/** One step of a serial history. */
export type SerialStep = Operation | { readonly close: Close };

/** Transaction id in the records of the oracle, which has no transactions. */
export const serialTxId = 'serial';

/**
 * The oracle: applies operations one after another to a Map, and discards the changes of those that were not applied.
 * No shared overlay, fusion, prefetch or budget. The pipeline must give the same state and results, except transaction
 * ids (`comparable`).
 * @param state changed in place; includes operation records
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
    status,
    code,
    txId,
    isRepeat: true,
    undeclared: [],
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
  const contract = [...contracts, housekeeping].find(({ name }) => name === operation.contract);
  if (contract === undefined) throw new Error(`no contract ${operation.contract}`);
  const own = new RecordingState(state);
  const common = { txId: serialTxId } as const;
  const budget = { spend: () => undefined };
  try {
    const detail = await contract.apply(operation, own, budget);
    own.commit();
    const undeclared = own.beyond(operation.keys);
    return { status: 'applied', code: 'OK', ...(detail === undefined ? {} : { detail }), ...common, undeclared };
  } catch (error) {
    const undeclared = own.beyond(operation.keys);
    if (!(error instanceof Reject)) {
      const message = `contract ${contract.name} threw ${error instanceof Error ? error.name : typeof error}`;
      return { status: 'dead', code: 'CONTRACT_ERROR', message, ...common, undeclared };
    }
    const { code, message, detail } = error;
    return { status: 'rejected', code, message, ...(detail === undefined ? {} : { detail }), ...common, undeclared };
  }
}

/** The state with the changes of one operation, which records its accesses. */
class RecordingState implements State {
  readonly #state: CommittedState;
  readonly #changes = new Map<StateKey, Uint8Array | undefined>();
  readonly #order = new Set<StateKey>();
  readonly #read = new Set<StateKey>();
  readonly #overwritten = new Set<StateKey>();

  constructor(state: CommittedState) {
    this.#state = state;
  }

  get(key: StateKey): Promise<Uint8Array | undefined> {
    this.#order.add(key);
    if (this.#changes.has(key)) return Promise.resolve(this.#changes.get(key));
    this.#read.add(key);
    return Promise.resolve(this.#state.get(key));
  }

  put(key: StateKey, value: Uint8Array): void {
    this.#change(key, value);
  }

  delete(key: StateKey): void {
    this.#change(key, undefined);
  }

  commit(): void {
    for (const [key, value] of this.#changes) {
      if (value === undefined) this.#state.delete(key);
      else this.#state.set(key, value);
    }
  }

  /** Accesses that were not declared. */
  beyond(declared: readonly DeclaredKey[]): DeclaredKey[] {
    return [...this.#order].flatMap((key) => {
      const modes = declared.filter((one) => one.key === key).map(({ mode }) => mode);
      const mayRead = modes.some((mode) => mode === 'read' || mode === 'readWrite' || mode === 'ensure');
      const mayWrite = modes.some((mode) => mode !== 'read');
      const mayOverwrite = modes.some((mode) => mode !== 'read' && mode !== 'ensure');
      const did = { read: this.#read.has(key), write: this.#changes.has(key), overwrite: this.#overwritten.has(key) };
      if ((mayRead || !did.read) && (mayWrite || !did.write) && (mayOverwrite || !did.overwrite)) return [];
      const mode: AccessMode = modes.length > 0 || (did.read && did.write) ? 'readWrite' : did.read ? 'read' : 'write';
      return [{ key, mode }];
    });
  }

  #change(key: StateKey, value: Uint8Array | undefined): void {
    this.#order.add(key);
    if (!this.#changes.has(key) && this.#state.has(key)) this.#overwritten.add(key);
    this.#changes.set(key, value);
  }
}
