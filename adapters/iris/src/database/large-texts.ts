import type { Translatable, TranslatorOptions } from '@medrex/sql';
import type { LargeTextRequest, TranslatedThere } from './large-text-worker.ts';
import type { Table } from './metadata.ts';
import { OwnThread } from './own-thread.ts';

/** With what a translator is made. */
export interface TranslatorSetUp extends Omit<TranslatorOptions, 'cacheBytesMax'> {
  readonly schemas: Readonly<Record<string, string>>;
  /** Columns of unit vectors, as schema.table.column. */
  readonly normalised: readonly string[];
}

/** Reads and translates, on a thread of its own, texts that would hold up everybody else: a megabyte takes half a second. */
export class LargeTexts {
  readonly #thread = new OwnThread<LargeTextRequest, TranslatedThere>({
    ...{ owner: import.meta.url, file: 'large-text-worker', called: 'the translator of large texts' },
  });
  readonly #setUp: TranslatorSetUp;
  #tables: readonly Table[] = [];
  /** That the thread has. */
  #told: readonly Table[] | undefined;

  constructor(setUp: TranslatorSetUp) {
    this.#setUp = setUp;
  }

  replace(tables: readonly Table[]): void {
    this.#tables = tables;
  }

  /** @throws SqlFailure where the thread has failed */
  async translate(asked: Translatable): Promise<TranslatedThere> {
    const isNew = !this.#thread.isStarted;
    const isTold = !isNew && this.#told === this.#tables;
    this.#told = this.#tables;
    return this.#thread.ask({
      ...asked,
      ...(isNew && { setUp: this.#setUp }),
      ...(!isTold && { tables: this.#tables }),
    });
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }
}
