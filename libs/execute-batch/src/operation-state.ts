import { CodedError } from '@medrex/coded-error';
import {
  type AccessMode,
  type DeclaredKey,
  familyOf,
  isRegistryKey,
  operationRecordKey,
  spaceOf,
  type StateKey,
} from '@medrex/keys';
import type { BatchState } from './batch-state.ts';
import type { OperationBudget } from './budget.ts';
import { type OwnKeysState, Reject, type StateEntry } from './contract.ts';
import { executeBatchErrors } from './errors.ts';
import type { Written } from './overlay.ts';

// Accesses to a key as bits; `overwrite` means that a value that existed before the operation was changed.
const read = 1;
const write = 2;
const overwrite = 4;

/**
 * What each mode allows. An ensured key may be created but not changed: equal ensures commute only because later ones
 * just read.
 */
const allowedBy: Readonly<Record<AccessMode, number>> = {
  read,
  write: write | overwrite,
  append: write | overwrite,
  delta: write | overwrite,
  ensure: read | write,
  readWrite: read | write | overwrite,
};

const recordPrefix = operationRecordKey('');

/** Additional rights of a contract. */
export interface OperationRights {
  /** It may delete operation records. */
  readonly mayPrune?: boolean;
  /** It may write authors and policies. */
  readonly mayRegister?: boolean;
  /** It has keys of its own: any text outside the system space. */
  readonly ownKeys?: boolean;
}

/** The state as one operation sees it. Records which keys it touches, and what that costs. */
export class OperationState implements OwnKeysState {
  readonly #batch: BatchState;
  readonly #budget: OperationBudget;
  readonly #check: (key: StateKey) => void;
  readonly #rights: OperationRights;
  readonly #touched = new Map<StateKey, number>();
  #isOpen = true;

  /** @param check throws if the caller may not touch the key */
  constructor(
    batch: BatchState,
    budget: OperationBudget,
    check: (key: StateKey) => void,
    rights: OperationRights = {},
  ) {
    this.#batch = batch;
    this.#budget = budget;
    this.#check = check;
    this.#rights = rights;
  }

  get(key: StateKey): Promise<Uint8Array | undefined> {
    this.#call(key);
    this.#touchedByReading(key);
    return this.#batch.read(key);
  }

  async *range(start: string, end: string): AsyncGenerator<StateEntry> {
    if (this.#rights.ownKeys !== true) throw misuse('read a range');
    for await (const entry of this.#batch.range(start, end)) {
      if (spaceOf(entry.key) === 'system') continue;
      this.#call(entry.key);
      this.#touchedByReading(entry.key);
      yield entry;
    }
  }

  put(key: StateKey, value: Uint8Array): void {
    // Fabric treats an empty value as a delete.
    if (value.length === 0) throw misuse('put an empty value');
    this.#write(key, value);
  }

  delete(key: StateKey): void {
    this.#write(key, undefined);
  }

  /**
   * Ends the operation's access, so that a call that a contract forgot to await cannot write into the next operation.
   */
  close(): void {
    this.#isOpen = false;
  }

  /** Undeclared keys in the order of the first access, with a mode that covers declaration and use. */
  undeclared(declared: readonly DeclaredKey[]): DeclaredKey[] {
    const allowed = new Map<StateKey, number>();
    for (const { key, mode } of declared) allowed.set(key, (allowed.get(key) ?? 0) | allowedBy[mode]);
    const beyond: DeclaredKey[] = [];
    for (const [key, used] of this.#touched) {
      const may = allowed.get(key) ?? 0;
      if ((used & ~may) !== 0) beyond.push({ key, mode: modeOf((may | used) & (read | write)) });
    }
    return beyond;
  }

  #touchedByReading(key: StateKey): void {
    const before = this.#touched.get(key) ?? 0;
    // Reading its own write does not count as a read, since it reveals nothing about the ledger.
    if ((before & write) === 0) this.#touched.set(key, before | read);
  }

  #write(key: StateKey, value: Written): void {
    this.#call(key);
    this.#budget.written(value?.length ?? 0);
    this.#assertMayWrite(key, value);
    const before = this.#touched.get(key) ?? 0;
    const isFirst = (before & write) === 0;
    const existed = isFirst && this.#batch.knows(key) && this.#batch.peek(key) !== undefined;
    // Checked only if the operation has read the key itself; whether the value is known otherwise depends on how
    // operations were fused.
    if (existed && (before & read) !== 0) refuseOverwrite(key);
    this.#touched.set(key, before | write | (existed ? overwrite : 0));
    this.#batch.write(key, value);
  }

  #assertMayWrite(key: StateKey, value: Written): void {
    const { mayPrune, mayRegister, ownKeys } = this.#rights;
    const space = spaceOf(key);
    if (ownKeys === true && space === 'system') throw misuse('wrote a key of the system space');
    if (ownKeys !== true && space === undefined) throw misuse('wrote a key that no builder made');
    const isPrune = mayPrune === true && value === undefined;
    if (key.startsWith(recordPrefix) && !isPrune) throw misuse('wrote an operation record');
    if (isRegistryKey(key) && mayRegister !== true) throw misuse('wrote into the registry of authors');
  }

  #call(key: StateKey): void {
    if (!this.#isOpen) throw misuse('used the state after apply had ended');
    this.#budget.stateCall();
    this.#check(key);
  }
}

function modeOf(bits: number): AccessMode {
  if (bits === read) return 'read';
  return bits === write ? 'write' : 'readWrite';
}

/** Readings and records are never overwritten: a correction has a key of its own, and both are kept. */
function refuseOverwrite(key: StateKey): void {
  const family = familyOf(key);
  if (family !== 'append-only' && family !== 'time-series') return;
  throw new Reject('IMMUTABLE', `a record of the ${family} family is there already and stays as it is`);
}

const misuse = (what: string): CodedError => new CodedError(executeBatchErrors.CONTRACT_MISUSE, `the contract ${what}`);
