import { outcomesCodec, type NewRecord, type TransactionOutcomes } from '@medrex/contracts';
import type { LogWriter } from './log-writer.ts';

/** Where an OutcomeWriter writes, and whom it tells. */
export interface OutcomeWriterOptions {
  readonly outcomes: LogWriter;
  readonly deadLetters: LogWriter;
  readonly onReported: (seqs: readonly number[]) => void;
}

/**
 * Appends one log record per Fabric transaction, encoded once, and says when operations are reported durably. Dead letters
 * are durable before the outcome that speaks of them, so whoever learns that an operation is dead finds its letter.
 */
export class OutcomeWriter {
  readonly #options: OutcomeWriterOptions;

  constructor(options: OutcomeWriterOptions) {
    this.#options = options;
  }

  /** Log records that are not durable yet. */
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
