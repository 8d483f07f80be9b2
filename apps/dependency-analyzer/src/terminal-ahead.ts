/**
 * Operations that were reported terminal before the analyzer read them: outcomes may be read faster than operations. A report
 * far ahead of the reader is dropped beyond `max`: progress says it again.
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

  /** True once for a noted operation. */
  take(seq: number): boolean {
    return this.#seqs.delete(seq);
  }

  /** Forgets everything below a seq. */
  forgetBelow(seq: number): void {
    for (const noted of this.#seqs) if (noted < seq) this.#seqs.delete(noted);
  }
}
