import type { KeyRead, RangeRead } from './ledger.ts';
import type { StateEntry } from './state-view.ts';

/** Lines that a peer sends to its chaincode in one message (core/chaincode `MaxResultLimit`). */
const pageLines = 100;

/** What a peer answers in one message to a range query. */
export interface RangePage {
  readonly lines: readonly StateEntry[];
  readonly hasMore: boolean;
}

/**
 * Records one range query as Fabric's peer does. The peer answers in pages and looks one line past each, so a chaincode that
 * stops early has still read its page: the record holds what the peer read, not what the chaincode used. `end` is the query's
 * own bound once the peer came to the end, else the last key it saw.
 */
export class RangeRecording {
  readonly #start: string;
  readonly #end: string;
  readonly #reads: KeyRead[] = [];
  #isExhausted = false;

  constructor(start: string, end: string) {
    this.#start = start;
    this.#end = end;
  }

  async *follow(source: AsyncIterable<StateEntry>): AsyncGenerator<StateEntry> {
    for await (const { lines } of this.pages(source)) yield* lines;
  }

  /** The same in the pages in which a peer answers: at most a hundred lines, and whether more will come. */
  async *pages(source: AsyncIterable<StateEntry>): AsyncGenerator<RangePage> {
    const lines = source[Symbol.asyncIterator]();
    let page: StateEntry[] = [];
    try {
      do {
        await this.#fill(page, lines);
        const ready = page.slice(0, pageLines);
        page = page.slice(ready.length);
        yield { lines: ready, hasMore: !this.#isExhausted || page.length > 0 };
      } while (!this.#isExhausted || page.length > 0);
    } finally {
      await lines.return?.();
    }
  }

  toRead(): RangeRead {
    const end = this.#isExhausted ? this.#end : (this.#reads.at(-1)?.key ?? this.#end);
    return { start: this.#start, end, isExhausted: this.#isExhausted, reads: this.#reads };
  }

  async #fill(page: StateEntry[], lines: AsyncIterator<StateEntry>): Promise<void> {
    while (page.length <= pageLines && !this.#isExhausted) {
      const line = await lines.next();
      if (line.done === true) {
        this.#isExhausted = true;
        return;
      }
      page.push(line.value);
      this.#reads.push({ key: line.value.key as KeyRead['key'], version: line.value.version });
    }
  }
}
