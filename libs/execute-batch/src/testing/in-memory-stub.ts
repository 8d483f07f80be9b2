import type { StateKey } from '@medrex/keys';
import type { ChaincodeStub } from '@medrex/ledger';

/** A state database: committed values by key. */
export type CommittedState = Map<StateKey, Uint8Array>;

/**
 * One simulated transaction over a Map which, as in Fabric, does not see its own writes. Records every read and write;
 * `commit` applies the writes, as a valid transaction does.
 */
export class InMemoryStub implements ChaincodeStub {
  readonly txId: string;
  readonly channel = 'ehr';
  readonly creator: string;
  readonly isAdministrator: boolean;
  /** Every key read from committed state, once per read. */
  readonly reads: StateKey[] = [];
  readonly writes = new Map<StateKey, Uint8Array | undefined>();
  readonly #state: CommittedState;

  constructor(state: CommittedState, txId = 'tx', creator = 'Org1MSP', isAdministrator = false) {
    this.#state = state;
    this.txId = txId;
    this.creator = creator;
    this.isAdministrator = isAdministrator;
  }

  getState(key: StateKey): Promise<Uint8Array | undefined> {
    this.reads.push(key);
    return Promise.resolve(this.#state.get(key));
  }

  getStates(keys: readonly StateKey[]): Promise<readonly (Uint8Array | undefined)[]> {
    return Promise.all(keys.map((key) => this.getState(key)));
  }

  putState(key: StateKey, value: Uint8Array): void {
    this.writes.set(key, value);
  }

  deleteState(key: StateKey): void {
    this.writes.set(key, undefined);
  }

  async *getStateByRange(
    start: string,
    end: string,
  ): AsyncIterable<{ readonly key: StateKey; readonly value: Uint8Array }> {
    const inside = [...this.#state]
      .filter(([key]) => key >= start && (end === '' || key < end))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [key, value] of inside) {
      this.reads.push(key);
      yield { key, value };
    }
  }

  setEvent(): void {
    // Events do not change state.
  }

  commit(): void {
    for (const [key, value] of this.writes) {
      if (value === undefined) this.#state.delete(key);
      else this.#state.set(key, value);
    }
  }
}
