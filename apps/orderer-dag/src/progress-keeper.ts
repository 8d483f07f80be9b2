/** Progress of an orderer-dag in the `operations` log. */
export interface LogPosition {
  /** Every operation with a lower seq is terminal and reported. */
  readonly lowWaterMark: number;
  /** Terminal operations above the mark: [first seq, last seq], inclusive, ascending, disjoint. */
  readonly doneRanges: readonly (readonly [number, number])[];
}

/**
 * Which operations of a channel are terminal, as a low-water mark and ranges above it.
 *
 * Seqs are admitted in ascending order and have gaps. Every seq read that is not live counts as done, so ranges span the gaps and there
 * are never more ranges than live operations. Ranges finished by an earlier generation above the last seq read are kept unchanged.
 * Admit O(1), done O(log live), position O(span of live operations).
 */
export class ProgressKeeper {
  #seqs: number[] = [];
  #isDone: boolean[] = [];
  #head = 0;
  #liveCount = 0;
  #readTo: number;
  readonly #earlier: readonly (readonly [number, number])[];

  constructor(start: LogPosition) {
    this.#readTo = start.lowWaterMark;
    this.#earlier = start.doneRanges;
  }

  /** Number of operations read and not yet terminal and reported. */
  get live(): number {
    return this.#liveCount;
  }

  /** Number of operations read at or above the mark, done ones included, which a successor reads again; gaps do not count. */
  get span(): number {
    return this.#seqs.length - this.#head;
  }

  /** Every seq below this was read. */
  get readTo(): number {
    return this.#readTo;
  }

  get lowWaterMark(): number {
    return this.#seqs[this.#head] ?? this.#readTo;
  }

  /** True when the operation at `seq` has to be executed: neither read before nor finished by an earlier generation. */
  isWanted(seq: number): boolean {
    return seq >= this.#readTo && !this.#wasFinished(seq);
  }

  /** Admits a wanted operation; seqs must ascend. */
  admit(seq: number): void {
    this.#seqs.push(seq);
    this.#isDone.push(false);
    this.#liveCount += 1;
    this.#readTo = seq + 1;
  }

  /** Notes that all seqs below `end` were read, including gaps. */
  read(end: number): void {
    this.#readTo = Math.max(this.#readTo, end);
  }

  /** Notes that a live operation is terminal with a durable outcome; ignores other seqs. */
  done(seq: number): void {
    const at = this.#find(seq);
    if (at === undefined || this.#isDone[at] === true) return;
    this.#isDone[at] = true;
    this.#liveCount -= 1;
    while (this.#isDone[this.#head] === true) this.#head += 1;
    if (this.#head > 1024 && this.#head * 2 > this.#seqs.length) this.#compact();
  }

  /**
   * The position from which a successor continues.
   * @param rangesMax maximum number of ranges, lowest first; operations in dropped ranges run again and are answered from their records
   */
  position(rangesMax = Number.POSITIVE_INFINITY): LogPosition {
    const ranges: (readonly [number, number])[] = [];
    const add = (first: number, last: number): void => {
      const before = ranges.at(-1);
      if (last < first) return;
      if (before !== undefined && before[1] + 1 === first) ranges[ranges.length - 1] = [before[0], last];
      else ranges.push([first, last]);
    };
    let from = this.lowWaterMark;
    for (let at = this.#head; at < this.#seqs.length; at++) {
      if (this.#isDone[at] === true) continue;
      const seq = this.#seqs[at] as number;
      add(from, seq - 1);
      from = seq + 1;
    }
    add(from, this.#readTo - 1);
    for (const [first, last] of this.#earlier) add(Math.max(first, this.#readTo), last);
    // With nothing live the mark may reach a range finished by an earlier generation.
    const lowWaterMark =
      ranges[0]?.[0] === this.lowWaterMark ? (ranges.shift() as readonly [number, number])[1] + 1 : this.lowWaterMark;
    return { lowWaterMark, doneRanges: ranges.slice(0, rangesMax) };
  }

  /** Whether an earlier generation finished it. O(log ranges), as a successor checks every operation it reads again. */
  #wasFinished(seq: number): boolean {
    let low = 0;
    let high = this.#earlier.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const [first, last] = this.#earlier[middle] as readonly [number, number];
      if (seq < first) high = middle - 1;
      else if (seq > last) low = middle + 1;
      else return true;
    }
    return false;
  }

  #find(seq: number): number | undefined {
    let low = this.#head;
    let high = this.#seqs.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#seqs[middle] as number;
      if (found === seq) return middle;
      if (found < seq) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  #compact(): void {
    this.#seqs = this.#seqs.slice(this.#head);
    this.#isDone = this.#isDone.slice(this.#head);
    this.#head = 0;
  }
}
