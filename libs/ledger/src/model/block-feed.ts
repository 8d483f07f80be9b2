import { CodedError } from '@medrex/coded-error';
import { ledgerErrors } from '../errors.ts';
import type { Block, BlockSubscription } from '../ledger.ts';

interface FeedParts {
  /** Number of blocks that may be delivered now. */
  readonly deliverable: () => number;
  readonly block: (number: number) => Promise<Block>;
}

/** Delivers blocks to followers, each at its own pace; a slow one reads older blocks from the store and does not delay others. */
export class BlockFeed {
  readonly #parts: FeedParts;
  readonly #followers = new Set<Follower>();
  #failure: unknown;

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  follow(
    from: number,
    onBlock: (block: Block) => void | Promise<void>,
    onError?: (error: unknown) => void,
  ): BlockSubscription {
    const follower = new Follower({ ...this.#parts, from, onBlock, onError });
    this.#followers.add(follower);
    void follower.ended.then(() => this.#followers.delete(follower));
    if (this.#failure === undefined) follower.wake();
    else follower.fail(this.#failure);
    return { close: () => follower.close() };
  }

  /** Notifies followers that more blocks may be available. */
  wake(): void {
    for (const follower of this.#followers) follower.wake();
  }

  /** Ends every stream, and every later one, with an error. */
  fail(error: unknown): void {
    this.#failure = error;
    for (const follower of this.#followers) follower.fail(error);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#followers].map((follower) => follower.close()));
  }
}

interface FollowerParts extends FeedParts {
  readonly from: number;
  readonly onBlock: (block: Block) => void | Promise<void>;
  readonly onError: ((error: unknown) => void) | undefined;
}

class Follower {
  readonly ended: Promise<void>;
  readonly #parts: FollowerParts;
  #next: number;
  #isOver = false;
  #running: Promise<void> | undefined;
  #end: () => void = () => undefined;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
    this.#next = parts.from;
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  wake(): void {
    if (this.#isOver || this.#running !== undefined) return;
    this.#running = this.#deliver().finally(() => {
      this.#running = undefined;
      // Blocks that became deliverable since the last check.
      if (this.#next < this.#parts.deliverable()) this.wake();
    });
  }

  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#over();
    if (this.#parts.onError !== undefined) this.#parts.onError(error);
    // Without `onError` the error becomes an unhandled rejection.
    else void Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }

  /** Resolves when no call of `onBlock` runs any more; do not await it within `onBlock`. */
  async close(): Promise<void> {
    this.#over();
    await this.#running;
  }

  async #deliver(): Promise<void> {
    while (!this.#isOver && this.#next < this.#parts.deliverable()) {
      try {
        await this.#hand(await this.#parts.block(this.#next));
        this.#next += 1;
      } catch (error) {
        this.fail(error);
      }
    }
  }

  async #hand(block: Block): Promise<void> {
    if (this.#isOver) return; // closed while the block was read
    try {
      await this.#parts.onBlock(block);
    } catch (error) {
      const message = `following channel ${block.channel}: block ${block.number} could not be taken`;
      throw new CodedError(ledgerErrors.blockConsumerFailed, message, { cause: error });
    }
  }

  #over(): void {
    this.#isOver = true;
    this.#end();
  }
}
