import { CodedError } from '@medrex/coded-error';
import type { StateKey } from '@medrex/keys';
import type { ChaincodeStub } from '@medrex/ledger';
import { executeBatchErrors } from './errors.ts';
import { Overlay, type Savepoint, type Written } from './overlay.ts';

/** The state as the operations of one Fabric transaction share it: committed values, each read once, under the overlay of their writes. */
export class BatchState {
  readonly #stub: ChaincodeStub;
  readonly #overlay = new Overlay();
  readonly #committed = new Map<StateKey, Uint8Array | undefined>();
  readonly #pending = new Map<StateKey, Promise<Uint8Array | undefined>>();
  #failure: CodedError | undefined;

  constructor(stub: ChaincodeStub) {
    this.#stub = stub;
  }

  /** Reads these keys in one call. Only what is declared to be read may stand here: a prefetched blind write would enter the read set. */
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
   * The value that an operation sees now.
   * @throws CodedError INFRASTRUCTURE when the ledger fails; the whole batch fails then, whatever the operation makes of it
   */
  read(key: StateKey): Promise<Uint8Array | undefined> {
    if (this.knows(key)) return Promise.resolve(this.peek(key));
    const known = this.#pending.get(key);
    if (known !== undefined) return known;
    const reading = this.#readCommitted(key);
    // A contract may forget to wait for a read; its failure is kept in #failure and must not end the process.
    reading.catch(() => undefined);
    this.#pending.set(key, reading);
    return reading;
  }

  /** Whether `peek` can answer without asking the ledger. */
  knows(key: StateKey): boolean {
    return this.#overlay.has(key) || this.#committed.has(key);
  }

  /** The value as far as it is known here. */
  peek(key: StateKey): Uint8Array | undefined {
    return this.#overlay.has(key) ? this.#overlay.get(key) : this.#committed.get(key);
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

  /** The first failure of a state call, also when a contract caught it. */
  get failure(): CodedError | undefined {
    return this.#failure;
  }

  /** Hands what was written to the ledger, each key once. */
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
