import type { common } from '@hyperledger/fabric-protos';

/** The newest blocks of a channel, bounded in number and bytes, so that a reader near the end asks no peer again. */
export class RecentBlocks {
  readonly #blocks = new Map<number, { readonly block: common.Block; readonly bytes: number }>();
  readonly #limits: { readonly blocks: number; readonly bytes: number };
  #bytes = 0;

  constructor(limits: { readonly blocks: number; readonly bytes: number }) {
    this.#limits = limits;
  }

  /** Adds a block; the copy from a second peer is ignored. */
  add(block: common.Block): void {
    const number = block.getHeader()?.getNumber() ?? 0;
    if (this.#blocks.has(number)) return;
    const bytes = sizeOf(block);
    this.#blocks.set(number, { block, bytes });
    this.#bytes += bytes;
    for (const [oldest, held] of this.#blocks) {
      if (this.#blocks.size <= this.#limits.blocks && this.#bytes <= this.#limits.bytes) break;
      this.#blocks.delete(oldest);
      this.#bytes -= held.bytes;
    }
  }

  get(number: number): common.Block | undefined {
    return this.#blocks.get(number)?.block;
  }
}

/** Bytes of a block's transactions. */
export function sizeOf(block: common.Block): number {
  return (block.getData()?.getDataList_asU8() ?? []).reduce((sum, { length }) => sum + length, 0);
}
