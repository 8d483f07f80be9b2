/**
 * Operations reported terminal before the analyzer has read them, since the topics are read independently. Beyond `max`, reports
 * are dropped; progress covers them later.
 */
export class TerminalAhead {
  readonly #seqs = new Set<number>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  note(seq: number): void {
    if (this.#seqs.size < this.#max) this.#seqs.add(seq);
  }

  /** Whether the operation was noted; forgets it. */
  take(seq: number): boolean {
    return this.#seqs.delete(seq);
  }

  /** Forgets all operations below a seq. */
  forgetBelow(seq: number): void {
    for (const noted of this.#seqs) if (noted < seq) this.#seqs.delete(noted);
  }
}
