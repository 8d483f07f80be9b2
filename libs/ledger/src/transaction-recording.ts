import type { Proposal, ReadWriteSet } from './ledger.ts';
import { RecordingStub } from './recording-stub.ts';
import type { StateView } from './state-view.ts';

/**
 * Records what one transaction does to the state through its chaincode and those that it calls, each in its own
 * namespace.
 */
export class TransactionRecording {
  readonly #proposal: Proposal;
  readonly #view: StateView;
  readonly #stubs = new Map<string, Promise<RecordingStub>>();

  constructor(proposal: Proposal, view: StateView) {
    this.#proposal = proposal;
    this.#view = view;
  }

  /** The stub of a chaincode, created on first use with the read of its definition. */
  stubOf(chaincode: string): Promise<RecordingStub> {
    let stub = this.#stubs.get(chaincode);
    if (stub === undefined) {
      stub = RecordingStub.open(chaincode, this.#proposal, this.#view);
      this.#stubs.set(chaincode, stub);
    }
    return stub;
  }

  /** The read/write set of the proposal's chaincode, including the sets of called ones. */
  async readWriteSet(): Promise<ReadWriteSet> {
    const own = (await this.stubOf(this.#proposal.chaincode)).readWriteSet();
    const names = [...this.#stubs.keys()].filter((name) => name !== this.#proposal.chaincode).sort();
    if (names.length === 0) return own;
    const called = names.map(async (chaincode) => ({
      chaincode,
      readWriteSet: (await this.stubOf(chaincode)).readWriteSet(),
    }));
    return { ...own, called: await Promise.all(called) };
  }

  /** From now on every call of a stub is refused. */
  async end(): Promise<void> {
    for (const stub of this.#stubs.values()) (await stub).end();
  }
}
