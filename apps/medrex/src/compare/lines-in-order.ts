export interface LinesInOrderOptions<T> {
  readonly subjectOf: (line: T) => string | undefined;
  /** Resolves when the request was answered; never rejects. */
  readonly send: (lines: readonly T[]) => Promise<void>;
  /** Lines in one request at most. */
  readonly linesMax: number;
}

/**
 * Puts lines into requests so that those about one subject keep their order: it is promised within a request, and for a request that is
 * sent after the earlier one was answered. So a line waits while a request with its subject is under way; all others go at once.
 */
export class LinesInOrder<T> {
  readonly #options: LinesInOrderOptions<T>;
  readonly #underWay = new Set<Promise<void>>();
  /** Subjects of the requests under way, each in one of them. */
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

  /** Sends what may go. The rest goes as soon as what it waits for was answered. */
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

  /** Sends everything, and waits for the answers. */
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
