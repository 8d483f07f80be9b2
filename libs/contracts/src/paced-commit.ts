import type { EventLog } from './event-log.ts';

export interface PacedCommitOptions {
  readonly log: Pick<EventLog, 'commit'>;
  readonly group: string;
  readonly everyMs: number;
  readonly after: (ms: number, act: () => void) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Commits of a reader whose position only tools look at: the first at once, then at most one per `everyMs`, and always
 * the last one. For one partition.
 */
export class PacedCommit {
  readonly #options: PacedCommitOptions;
  #place: { readonly topic: string; readonly partition: number; readonly offset: number } | undefined;
  #isResting = false;

  constructor(options: PacedCommitOptions) {
    this.#options = options;
  }

  /** Everything below `offset` is done. */
  done(topic: string, partition: number, offset: number): void {
    this.#place = { topic, partition, offset };
    if (!this.#isResting) this.#commit();
  }

  /** Commits the last position and stops. */
  async end(): Promise<void> {
    const { log, group, onError } = this.#options;
    const place = this.#place;
    this.#place = undefined;
    this.#isResting = true;
    if (place !== undefined) await log.commit(group, place.topic, place.partition, place.offset).catch(onError);
  }

  #commit(): void {
    const { log, group, everyMs, after, onError } = this.#options;
    const place = this.#place;
    this.#isResting = place !== undefined;
    if (place === undefined) return;
    this.#place = undefined;
    log.commit(group, place.topic, place.partition, place.offset).catch(onError);
    after(everyMs, () => this.#commit());
  }
}
