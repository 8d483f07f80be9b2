import type { Translatable, TranslatorOptions } from '@medrex/sql';
import type { LargeTextRequest, TranslatedThere } from './large-text-worker.ts';
import type { Table } from './metadata.ts';
import { OwnThread } from './own-thread.ts';

/** Options of the translator on the thread. */
export interface TranslatorSetUp extends Omit<TranslatorOptions, 'cacheBytesMax'> {
  readonly schemas: Readonly<Record<string, string>>;
  /** Columns of unit vectors, as schema.table.column. */
  readonly normalised: readonly string[];
}

/** Translates large texts on a thread of its own, as they would block the event loop: a megabyte takes half a second. */
export class LargeTexts {
  readonly #thread = new OwnThread<LargeTextRequest, TranslatedThere>({
    owner: import.meta.url,
    file: 'large-text-worker',
    called: 'the translator of large texts',
  });
  readonly #setUp: TranslatorSetUp;
  #tables: readonly Table[] = [];
  /** The tables that the thread knows. */
  #sent: readonly Table[] | undefined;

  constructor(setUp: TranslatorSetUp) {
    this.#setUp = setUp;
  }

  replace(tables: readonly Table[]): void {
    this.#tables = tables;
  }

  /** @throws SqlFailure the thread failed */
  async translate(asked: Translatable): Promise<TranslatedThere> {
    const isNew = !this.#thread.isStarted;
    const isTold = !isNew && this.#sent === this.#tables;
    this.#sent = this.#tables;
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
