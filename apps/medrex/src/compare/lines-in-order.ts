export interface LinesInOrderOptions<T> {
  readonly subjectOf: (line: T) => string | undefined;
  /** Resolves when the request is answered; never rejects. */
  readonly send: (lines: readonly T[]) => Promise<void>;
  /** Maximum lines per request. */
  readonly linesMax: number;
}

/**
 * Batches lines into requests such that lines of one subject keep their order. Order is guaranteed within a request, and between
 * requests when the later one is sent after the answer of the earlier. So a line waits while a request with its subject is in
 * flight; all others are sent at once.
 */
export class LinesInOrder<T> {
  readonly #options: LinesInOrderOptions<T>;
  readonly #underWay = new Set<Promise<void>>();
  /** Subjects of the requests in flight. */
  readonly #busy = new Set<string>();
  #due: T[] = [];
  #sinceFlush = 0;

  constructor(options: LinesInOrderOptions<T>) {
    this.#options = options;
  }

  add(line: T): void {
    this.#due.push(line);
    this.#sinceFlush += 1;
    if (this.#sinceFlush >= this.#options.linesMax) this.flush();
  }

  /** Sends the lines that need not wait; the others are sent when the requests in flight are answered. */
  flush(): void {
    const { subjectOf, linesMax } = this.#options;
    this.#sinceFlush = 0;
    const held: T[] = [];
    let going: T[] = [];
    let subjects = new Set<string>();
    for (const line of this.#due) {
      const subject = subjectOf(line);
      if (subject !== undefined && this.#busy.has(subject)) {
        held.push(line);
        continue;
      }
      going.push(line);
      if (subject !== undefined) subjects.add(subject);
      if (going.length < linesMax) continue;
      this.#start(going, subjects);
      going = [];
      subjects = new Set();
    }
    this.#due = held;
    if (going.length > 0) this.#start(going, subjects);
  }

  /** Sends all lines, and waits for the answers. */
  async settled(): Promise<void> {
    for (this.flush(); this.#underWay.size > 0; this.flush()) await Promise.all(this.#underWay);
  }

  #start(lines: readonly T[], subjects: ReadonlySet<string>): void {
    for (const subject of subjects) this.#busy.add(subject);
    const answered = this.#options.send(lines).finally(() => {
      this.#underWay.delete(answered);
      for (const subject of subjects) this.#busy.delete(subject);
      if (this.#due.length > 0) this.flush();
    });
    this.#underWay.add(answered);
  }
}
