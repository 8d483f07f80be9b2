import type { Block } from '@medrex/ledger';

/** The newest blocks in memory, so that followers near the end read nothing from disk; bounded in number and bytes. */
export class RecentBlocks {
  readonly #blocksMax: number;
  readonly #bytesMax: number;
  readonly #blocks = new Map<number, { readonly block: Block; readonly bytes: number }>();
  #bytes = 0;

  constructor(limits: { readonly blocks: number; readonly bytes: number }) {
    this.#blocksMax = limits.blocks;
    this.#bytesMax = limits.bytes;
  }

  add(block: Block, bytes: number): void {
    this.#blocks.set(block.number, { block, bytes });
    this.#bytes += bytes;
    // A Map gives its entries in the order of insertion: the oldest first.
    for (const [number, oldest] of this.#blocks) {
      if (this.#blocks.size <= this.#blocksMax && this.#bytes <= this.#bytesMax) return;
      this.#blocks.delete(number);
      this.#bytes -= oldest.bytes;
    }
  }

  get(number: number): Block | undefined {
    return this.#blocks.get(number)?.block;
  }
}
