import type { common } from '@hyperledger/fabric-protos';
import type { CodedError } from '@medrex/coded-error';
import type { PeerLink } from '../endorse/peer-link.ts';
import type { BlockRange } from '../wire/seek-message.ts';
import { deliverBlocks } from './deliver-call.ts';

/** What a PeerBlocks needs and notifies. */
export interface PeerBlocksParts {
  readonly link: PeerLink;
  readonly seek: (range: BlockRange) => Uint8Array;
  readonly onBlock: (block: common.Block) => void;
  readonly onBroken: (link: PeerLink, error: CodedError) => void;
}

const reconnectMs = { first: 50, most: 1_000 };

/**
 * Follows the newest blocks of one peer and its height. It never goes back: blocks missed while the stream was broken
 * are fetched by whoever needs them.
 */
export class PeerBlocks {
  readonly link: PeerLink;
  readonly #parts: PeerBlocksParts;
  #height: number | undefined;
  #failures = 0;
  #cancel: () => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(parts: PeerBlocksParts) {
    this.link = parts.link;
    this.#parts = parts;
    this.#open();
  }

  /** Number of blocks that this peer is known to have committed; undefined before its first answer. */
  get height(): number | undefined {
    return this.#height;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#cancel();
  }

  #open(): void {
    const { link, seek } = this.#parts;
    link.asked();
    this.#cancel = deliverBlocks(
      link.client,
      { name: link.name, seek: seek({ from: 'newest' }) },
      {
        onBlock: (block) => this.#take(block),
        onEnd: (error) => this.#broken(error),
      },
    );
  }

  #take(block: common.Block): void {
    this.#failures = 0;
    this.#height = (block.getHeader()?.getNumber() ?? 0) + 1;
    this.link.answered();
    this.#parts.onBlock(block);
  }

  #broken(error: CodedError | undefined): void {
    if (this.#isClosed) return;
    this.link.asked();
    if (error !== undefined) this.#parts.onBroken(this.link, error);
    const waitMs = Math.min(reconnectMs.first * 2 ** this.#failures, reconnectMs.most);
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#open(), waitMs);
  }
}
