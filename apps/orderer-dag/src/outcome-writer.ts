import { outcomesCodec, type NewRecord, type TransactionOutcomes } from '@medrex/contracts';
import type { LogWriter } from './log-writer.ts';

/** Options of an OutcomeWriter. */
export interface OutcomeWriterOptions {
  readonly outcomes: LogWriter;
  readonly deadLetters: LogWriter;
  readonly onReported: (seqs: readonly number[]) => void;
}

/**
 * Appends one outcomes record per Fabric transaction, and reports when it is durable. Dead letters are durable before the outcome of
 * their operations, so whoever learns that an operation is dead finds its letter.
 */
export class OutcomeWriter {
  readonly #options: OutcomeWriterOptions;

  constructor(options: OutcomeWriterOptions) {
    this.#options = options;
  }

  /** Number of log records not yet durable. */
  get waiting(): number {
    return this.#options.outcomes.waiting + this.#options.deadLetters.waiting;
  }

  write(transaction: TransactionOutcomes, letters: readonly NewRecord[]): void {
    const { deadLetters } = this.#options;
    if (letters.length === 0) return this.#report(transaction);
    let open = letters.length;
    for (const letter of letters) {
      deadLetters.write(letter, () => {
        open -= 1;
        if (open === 0) this.#report(transaction);
      });
    }
  }

  async drained(): Promise<void> {
    await this.#options.deadLetters.drained();
    await this.#options.outcomes.drained();
  }

  close(): void {
    this.#options.deadLetters.close();
    this.#options.outcomes.close();
  }

  #report(transaction: TransactionOutcomes): void {
    const seqs = transaction.outcomes.map(({ seq }) => seq);
    const value = outcomesCodec.encode(transaction);
    this.#options.outcomes.write({ value }, () => this.#options.onReported(seqs));
  }
}
