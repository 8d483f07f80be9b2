import type { Block, CommittedTransaction } from '../ledger.ts';
import type { StateView } from '../state-view.ts';
import { validateBlock, type CommittedState, type OrderedTransaction } from '../validate-block.ts';
import type { ValidationCode } from '../validation-code.ts';
import { loadCommittedState } from './committed-state.ts';
import type { Envelope } from './envelope.ts';
import type { FaultSwitch } from './model-faults.ts';
import { keyCount, type ModelLatencies } from './model-latencies.ts';
import type { CommittedBlock, ModelStore } from './model-store.ts';
import { pause, type Scheduler } from './scheduler.ts';

/** Maximum of validated blocks that are not yet durable, to bound memory while the disk is slow. */
const blocksInFlightMax = 16;

interface CommitterParts {
  readonly channel: string;
  readonly scheduler: Scheduler;
  readonly latencies: ModelLatencies;
  readonly faults: FaultSwitch;
  readonly store: ModelStore;
  /**
   * Called in the order of blocks when a block is durable; `state` includes it. The receiver must retain what it keeps.
   */
  readonly onCommitted: (block: Block, state: StateView) => void;
  /** Called when a block could not be made durable; then nothing more is committed. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * Validates and appends the orderer's batches, one after the other. Validation does not wait for the disk: a block is
 * validated against the writes of blocks that are still being synced, so several blocks share a sync. Each is reported
 * when it is durable.
 */
export class Committer {
  readonly #parts: CommitterParts;
  #waiting: (readonly Envelope[])[] = [];
  #inFlight = 0;
  #isRunning = false;
  #isStopped = false;
  #onRoom: (() => void) | undefined;
  #reported: Promise<void> = Promise.resolve();

  constructor(parts: CommitterParts) {
    this.#parts = parts;
  }

  enqueue(batch: readonly Envelope[]): void {
    if (this.#isStopped) return;
    this.#waiting.push(batch);
    if (!this.#isRunning) void this.#run();
  }

  /** Accepts no more batches; resolves when everything appended is durable and reported. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#waiting = [];
    await this.#reported;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      while (this.#waiting.length > 0) {
        const batches = this.#waiting;
        this.#waiting = [];
        for (const batch of batches) await this.#commit(batch);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isRunning = false;
    }
  }

  async #commit(batch: readonly Envelope[]): Promise<void> {
    const { store, scheduler } = this.#parts;
    if (this.#isStopped) return;
    const validated = await this.#validate(batch, store.height);
    await pause(scheduler, this.#costMs(batch));
    if (this.#inFlight >= blocksInFlightMax) await new Promise<void>((resolve) => (this.#onRoom = resolve));
    this.#append(validated);
  }

  #append({ block, updates }: CommittedBlock): void {
    if (this.#isStopped) return; // it was closed, or an earlier block failed, while this one waited
    const { store, onCommitted } = this.#parts;
    const durable = store.append({ block, updates });
    const state = store.view();
    this.#inFlight += 1;
    const reported = durable.then(() => onCommitted(block, state)).catch((error: unknown) => this.#fail(error));
    this.#reported = reported.then(() => this.#settle(state));
  }

  async #validate(batch: readonly Envelope[], number: number): Promise<CommittedBlock> {
    const { store, faults, channel } = this.#parts;
    const transactions = batch.map((envelope) => ordered(envelope, faults));
    const view = store.view();
    try {
      const committed = await loadCommittedState(transactions, view, store);
      return judge({ channel, number, batch, transactions, committed });
    } finally {
      view.release();
    }
  }

  #costMs(batch: readonly Envelope[]): number {
    const { latencies } = this.#parts;
    const keys = batch.reduce((sum, { readWriteSet }) => sum + keyCount(readWriteSet), 0);
    return (
      latencies.hopMs + latencies.commitPerBlockMs + latencies.commitMs * batch.length + latencies.commitPerKeyMs * keys
    );
  }

  #settle(state: StateView): void {
    state.release();
    this.#inFlight -= 1;
    this.#onRoom?.();
    this.#onRoom = undefined;
  }

  #fail(error: unknown): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#waiting = [];
    this.#parts.onFailed(error);
  }
}

function ordered({ proposal, readWriteSet }: Envelope, faults: FaultSwitch): OrderedTransaction {
  const verdict = faults.now.verdict?.(proposal) ?? 'VALID';
  return { txId: proposal.txId, chaincode: proposal.chaincode, readWriteSet, verdict };
}

function judge(subject: {
  readonly channel: string;
  readonly number: number;
  readonly batch: readonly Envelope[];
  readonly transactions: readonly OrderedTransaction[];
  readonly committed: CommittedState;
}): CommittedBlock {
  const { channel, number, batch, transactions, committed } = subject;
  const { codes, updates } = validateBlock(number, transactions, committed);
  const block: Block = {
    channel,
    number,
    transactions: batch.map((envelope, at) => committedAs(envelope, at, codes[at])),
  };
  return { block, updates };
}

function committedAs(
  { proposal, readWriteSet, payload }: Envelope,
  txNum: number,
  code: ValidationCode = 'NOT_VALIDATED',
): CommittedTransaction {
  const { txId, creator, chaincode, fn } = proposal;
  return { txId, txNum, code, creator, chaincode, fn, readWriteSet, payload };
}
