import { outcomesCodec, type TransactionOutcomes } from '@medrex/contracts';
import type { LogWriter } from './log-writer.ts';

/** Appends one log record per Fabric transaction, encoded once, and says when operations are reported durably. */
export class OutcomeWriter {
  readonly #writer: LogWriter;
  readonly #onReported: (seqs: readonly number[]) => void;

  constructor(writer: LogWriter, onReported: (seqs: readonly number[]) => void) {
    this.#writer = writer;
    this.#onReported = onReported;
  }

  /** Transactions whose outcomes are not durable yet. */
  get waiting(): number {
    return this.#writer.waiting;
  }

  write(transaction: TransactionOutcomes): void {
    const seqs = transaction.outcomes.map(({ seq }) => seq);
    this.#writer.write({ value: outcomesCodec.encode(transaction) }, () => this.#onReported(seqs));
  }

  drained(): Promise<void> {
    return this.#writer.drained();
  }

  close(): void {
    this.#writer.close();
  }
}
