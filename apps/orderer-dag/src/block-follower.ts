import { CodedError, isCodedError } from '@medrex/coded-error';
import type { Block, BlockStream, BlockSubscription } from '@medrex/ledger';
import { backoffMs, type BackoffLimits } from './backoff.ts';
import type { Clock } from './clock.ts';
import { ordererErrors } from './errors.ts';

/** Options of a BlockFollower. */
export interface BlockFollowerOptions {
  readonly stream: BlockStream;
  /** Number of the first block to pass on. */
  readonly from: number;
  readonly clock: Clock;
  readonly backoff: BackoffLimits;
  /** Called for each block once, in order, one at a time. */
  readonly onBlock: (block: Block) => void | Promise<void>;
  readonly onFailure: (error: unknown, failures: number) => void;
}

/** Follows the blocks of a channel without gaps or repeats; reopens a broken stream where it broke. */
export class BlockFollower {
  readonly #options: BlockFollowerOptions;
  #next: number;
  #failures = 0;
  #subscription: BlockSubscription | undefined;
  #cancelRetry: (() => void) | undefined;
  #isClosed = false;

  constructor(options: BlockFollowerOptions) {
    this.#options = options;
    this.#next = options.from;
    this.#follow();
  }

  /** Number of the next block. */
  get height(): number {
    return this.#next;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetry?.();
    await this.#subscription?.close();
  }

  #follow(): void {
    try {
      this.#subscription = this.#options.stream.follow(
        this.#next,
        (block) => this.#take(block),
        (error) => this.#onStreamError(error),
      );
    } catch (error) {
      this.#onStreamError(error);
    }
  }

  async #take(block: Block): Promise<void> {
    if (this.#isClosed || block.number < this.#next) return;
    if (block.number > this.#next) {
      throw new CodedError(
        ordererErrors.BLOCK_GAP,
        `channel ${block.channel}: block ${block.number} came instead of ${this.#next}`,
      );
    }
    this.#next = block.number + 1;
    this.#failures = 0;
    await this.#options.onBlock(block);
  }

  #onStreamError(error: unknown): void {
    if (this.#isClosed) return;
    const { clock, backoff, onFailure } = this.#options;
    this.#failures += 1;
    onFailure(error, this.#failures);
    this.#cancelRetry = clock.after(backoffMs(this.#failures, backoff), () => void this.#reopen(error));
  }

  /** Reopens the stream after an error. Pruned blocks are skipped; operations in them are answered from their operation records. */
  async #reopen(error: unknown): Promise<void> {
    const isPruned = isCodedError(error, 'BLOCK_PRUNED');
    try {
      if (isPruned) this.#next = Math.max(this.#next, await this.#options.stream.height());
    } catch (failure) {
      return this.#onStreamError(failure);
    }
    if (!this.#isClosed) this.#follow();
  }
}
