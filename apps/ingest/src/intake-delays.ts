import type { LogRun, OperationClass, Receipt } from '@medrex/contracts';
import type { IntakePlace } from './message/incoming-message.ts';
import type { ReceiptPublisher } from './receipts.ts';

/** Code of a pause for lack of room for the class of the next operation. */
export const waitingForRoom = 'WAITING_FOR_ROOM';

export interface IntakeDelaysOptions {
  readonly receipts: Pick<ReceiptPublisher, 'publish'>;
  /** Derives the id of a record without one from topic, partition and offset. */
  readonly placeId: (place: IntakePlace) => string;
  /** Seconds until there should be room for the class. */
  readonly retryAfterS: (operationClass: OperationClass) => number;
  readonly nowMs: () => number;
  readonly onFailure: (error: unknown) => void;
}

/** A paused partition, or one that was paused until a moment ago. */
interface PausedPartition {
  readonly id: string;
  readonly sinceMs: number;
  place: IntakePlace;
  code: string;
  class: OperationClass | undefined;
  /** When the last receipt about it was written. */
  reportedAtMs: number | undefined;
  /** When it resumed; undefined while it is paused. */
  resumedAtMs: number | undefined;
}

/** Shorter pauses are normal back-pressure and not reported. */
const reportAfterMs = 1_000;
const repeatMs = 30_000;
/**
 * A partition must run for this long before its end of pause is reported, so that one that pauses again and again is
 * reported once.
 */
const stableMs = 10_000;
const checkEveryMs = 1_000;

/**
 * Reports paused partitions of the intake topics to hospitals by receipts, with start and reason: one receipt after a second, one
 * every 30 s, one at the end; never one per message.
 */
export class IntakeDelays {
  readonly #options: IntakeDelaysOptions;
  readonly #paused = new Map<string, PausedPartition>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;

  constructor(options: IntakeDelaysOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#writing ??= this.writeDueReceipts().finally(() => (this.#writing = undefined));
    }, checkEveryMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /**
   * Called when a partition is paused at this record.
   * @param operationClass the class without room, if that is the reason
   */
  paused(place: IntakePlace, code: string, operationClass?: OperationClass): void {
    const known = this.#paused.get(nameOf(place));
    if (known !== undefined) Object.assign(known, { place, code, class: operationClass, resumedAtMs: undefined });
    else {
      const times = { sinceMs: this.#options.nowMs(), reportedAtMs: undefined, resumedAtMs: undefined };
      const id = this.#options.placeId(place);
      this.#paused.set(nameOf(place), { id, place, code, class: operationClass, ...times });
    }
  }

  /** Called when a run of the partition was accepted. */
  resumed(run: Pick<LogRun, 'topic' | 'partition'>): void {
    const paused = this.#paused.get(nameOf(run));
    if (paused?.reportedAtMs === undefined) this.#paused.delete(nameOf(run));
    else paused.resumedAtMs ??= this.#options.nowMs();
  }

  /** Writes the receipts that are due. Those that fail are written by the next call. */
  async writeDueReceipts(): Promise<void> {
    const nowMs = this.#options.nowMs();
    for (const [name, paused] of [...this.#paused]) {
      const hasResumed = paused.resumedAtMs !== undefined && nowMs - paused.resumedAtMs >= stableMs;
      if (!hasResumed && !isDue(paused, nowMs)) continue;
      try {
        await this.#options.receipts.publish([this.#receipt(paused, hasResumed ? 'resumed' : 'delayed', nowMs)]);
        paused.reportedAtMs = nowMs;
        if (hasResumed && paused.resumedAtMs !== undefined) this.#paused.delete(name);
      } catch (error) {
        this.#options.onFailure(error);
        return;
      }
    }
  }

  #receipt(paused: PausedPartition, state: 'delayed' | 'resumed', atMs: number): Receipt {
    const { id, place, code, class: operationClass, sinceMs } = paused;
    const isDelayed = state === 'delayed';
    const delay = {
      ...(operationClass !== undefined && { class: operationClass }),
      sinceMs,
      ...(isDelayed && operationClass !== undefined && { expectedS: this.#options.retryAfterS(operationClass) }),
    };
    return {
      source: place.topic,
      id,
      isIdMinted: true,
      state,
      code: isDelayed ? code : 'OK',
      items: [],
      issues: [],
      intake: place,
      delay,
      atMs,
    };
  }
}

function isDue({ sinceMs, reportedAtMs, resumedAtMs }: PausedPartition, nowMs: number): boolean {
  if (resumedAtMs !== undefined) return false;
  return reportedAtMs === undefined ? nowMs - sinceMs >= reportAfterMs : nowMs - reportedAtMs >= repeatMs;
}

const nameOf = ({ topic, partition }: Pick<LogRun, 'topic' | 'partition'>): string => `${topic}/${partition}`;
