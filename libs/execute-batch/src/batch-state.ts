import { CodedError } from '@medrex/coded-error';
import type { StateKey } from '@medrex/keys';
import type { ChaincodeStub } from '@medrex/ledger';
import type { StateEntry } from './contract.ts';
import { executeBatchErrors } from './errors.ts';
import { Overlay, type Savepoint, type Written } from './overlay.ts';

/**
 * The state shared by the operations of one Fabric transaction: committed values, each read once, under an overlay of
 * their writes.
 */
export class BatchState {
  readonly #stub: ChaincodeStub;
  readonly #overlay = new Overlay();
  readonly #committed = new Map<StateKey, Uint8Array | undefined>();
  readonly #pending = new Map<StateKey, Promise<Uint8Array | undefined>>();
  #failure: CodedError | undefined;

  constructor(stub: ChaincodeStub) {
    this.#stub = stub;
  }

  /**
   * Reads these keys in one call. Only keys that are declared to be read: a prefetched blind write would be added to
   * the read set.
   */
  async prefetch(keys: Iterable<StateKey>): Promise<void> {
    const wanted = [...new Set(keys)];
    if (wanted.length === 0) return;
    try {
      const values = await this.#stub.getStates(wanted);
      for (const [index, key] of wanted.entries()) this.#committed.set(key, values[index]);
    } catch (cause) {
      throw this.#failed(`reading ${wanted.length} keys`, cause);
    }
  }

  /**
   * The current value for an operation.
   * @throws CodedError INFRASTRUCTURE when the ledger fails; then the whole batch fails, whatever the operation does
   * with the error
   */
  read(key: StateKey): Promise<Uint8Array | undefined> {
    if (this.knows(key)) return Promise.resolve(this.peek(key));
    const known = this.#pending.get(key);
    if (known !== undefined) return known;
    const reading = this.#readCommitted(key);
    // A contract may forget to await a read. The failure is kept in #failure and must not end the process.
    reading.catch(() => undefined);
    this.#pending.set(key, reading);
    return reading;
  }

  /** Whether `peek` knows the value without a read from the ledger. */
  knows(key: StateKey): boolean {
    return this.#overlay.has(key) || this.#committed.has(key);
  }

  /** The value if it is known without a read. */
  peek(key: StateKey): Uint8Array | undefined {
    return this.#overlay.has(key) ? this.#overlay.get(key) : this.#committed.get(key);
  }

  /** Committed keys of a range with the writes of the batch, as of the first key that is requested. */
  async *range(start: string, end: string): AsyncGenerator<StateEntry> {
    const written = [...this.#overlay.writes()]
      .filter(([key]) => compareUtf8(key, start) >= 0 && (end === '' || compareUtf8(key, end) < 0))
      .sort(([a], [b]) => compareUtf8(a, b));
    const isWritten = new Set(written.map(([key]) => key));
    let next = 0;
    for await (const entry of this.#committedRange(start, end)) {
      for (; next < written.length && compareUtf8(written[next]?.[0] ?? '', entry.key) < 0; next += 1)
        yield* presentEntry(written[next]);
      if (!isWritten.has(entry.key)) yield entry;
    }
    for (; next < written.length; next += 1) yield* presentEntry(written[next]);
  }

  async *#committedRange(start: string, end: string): AsyncGenerator<StateEntry> {
    try {
      for await (const { key, value } of this.#stub.getStateByRange(start, end)) yield { key, value };
    } catch (cause) {
      throw this.#failed('reading a range', cause);
    }
  }

  write(key: StateKey, value: Written): void {
    this.#overlay.set(key, value);
  }

  savepoint(): Savepoint {
    return this.#overlay.savepoint();
  }

  rollBack(to: Savepoint): void {
    this.#overlay.rollBack(to);
  }

  /** The first failure of a state call, even if a contract caught it. */
  get failure(): CodedError | undefined {
    return this.#failure;
  }

  /** Writes the changes to the ledger, each key once. */
  flush(): void {
    try {
      for (const [key, value] of this.#overlay.writes()) {
        if (value === undefined) this.#stub.deleteState(key);
        else this.#stub.putState(key, value);
      }
    } catch (cause) {
      throw this.#failed('writing', cause);
    }
  }

  async #readCommitted(key: StateKey): Promise<Uint8Array | undefined> {
    try {
      const value = await this.#stub.getState(key);
      this.#committed.set(key, value);
      return this.peek(key);
    } catch (cause) {
      throw this.#failed('reading a key', cause);
    }
  }

  #failed(what: string, cause: unknown): CodedError {
    const why = cause instanceof Error ? cause.message : String(cause);
    const failure = new CodedError(executeBatchErrors.INFRASTRUCTURE, `${what}: ${why}`, { cause });
    this.#failure ??= failure;
    return failure;
  }
}

/** Fabric orders keys by UTF-8 bytes; JavaScript's order differs above U+D7FF. */
function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function* presentEntry(write: readonly [StateKey, Written] | undefined): Generator<StateEntry> {
  const [key, value] = write ?? [];
  if (key !== undefined && value !== undefined) yield { key, value };
}
