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
interface Standing {
  readonly id: string;
  readonly sinceMs: number;
  place: IntakePlace;
  code: string;
  class: OperationClass | undefined;
  /** When the last receipt about it was written. */
  toldMs: number | undefined;
  /** When it resumed; undefined while it is paused. */
  overMs: number | undefined;
}

/** Shorter pauses are normal back-pressure and not reported. */
const tellAfterMs = 1_000;
const repeatMs = 30_000;
/** A partition must run for this long before its resumption is reported, so that one that flaps is reported once. */
const quietMs = 10_000;
const lookMs = 1_000;

/**
 * Reports paused partitions of the intake topics to hospitals by receipts, with start and reason: one receipt after a second, one
 * every 30 s, one at the end; never one per message.
 */
export class IntakeDelays {
  readonly #options: IntakeDelaysOptions;
  readonly #standing = new Map<string, Standing>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(options: IntakeDelaysOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#looking ??= this.look().finally(() => (this.#looking = undefined));
    }, lookMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Notes that a partition is paused at this record. @param operationClass the class without room, if that is the reason */
  waits(place: IntakePlace, code: string, operationClass?: OperationClass): void {
    const known = this.#standing.get(nameOf(place));
    if (known !== undefined) Object.assign(known, { place, code, class: operationClass, overMs: undefined });
    else {
      const times = { sinceMs: this.#options.nowMs(), toldMs: undefined, overMs: undefined };
      const id = this.#options.placeId(place);
      this.#standing.set(nameOf(place), { id, place, code, class: operationClass, ...times });
    }
  }

  /** Notes that a run of the partition was accepted. */
  goesOn(run: Pick<LogRun, 'topic' | 'partition'>): void {
    const standing = this.#standing.get(nameOf(run));
    if (standing?.toldMs === undefined) this.#standing.delete(nameOf(run));
    else standing.overMs ??= this.#options.nowMs();
  }

  /** Writes the receipts that are due. What fails is written at the next call. */
  async look(): Promise<void> {
    const nowMs = this.#options.nowMs();
    for (const [name, standing] of [...this.#standing]) {
      const isOver = standing.overMs !== undefined && nowMs - standing.overMs >= quietMs;
      if (!isOver && !isDue(standing, nowMs)) continue;
      try {
        await this.#options.receipts.publish([this.#receipt(standing, isOver ? 'resumed' : 'delayed', nowMs)]);
        standing.toldMs = nowMs;
        if (isOver && standing.overMs !== undefined) this.#standing.delete(name);
      } catch (error) {
        this.#options.onFailure(error);
        return;
      }
    }
  }

  #receipt(standing: Standing, state: 'delayed' | 'resumed', atMs: number): Receipt {
    const { id, place, code, class: operationClass, sinceMs } = standing;
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

function isDue({ sinceMs, toldMs, overMs }: Standing, nowMs: number): boolean {
  if (overMs !== undefined) return false;
  return toldMs === undefined ? nowMs - sinceMs >= tellAfterMs : nowMs - toldMs >= repeatMs;
}

const nameOf = ({ topic, partition }: Pick<LogRun, 'topic' | 'partition'>): string => `${topic}/${partition}`;
