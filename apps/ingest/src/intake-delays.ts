import type { LogRun, OperationClass, Receipt } from '@medrex/contracts';
import type { IntakePlace } from './message/incoming-message.ts';
import type { ReceiptPublisher } from './receipts.ts';

/** What a partition waits for that finds no room for the class of its next operation. */
export const waitingForRoom = 'WAITING_FOR_ROOM';

export interface IntakeDelaysOptions {
  readonly receipts: Pick<ReceiptPublisher, 'publish'>;
  /** The id of what has none, by its place. */
  readonly placeId: (place: IntakePlace) => string;
  /** Seconds until there should be room for the class. */
  readonly retryAfterS: (operationClass: OperationClass) => number;
  readonly nowMs: () => number;
  readonly onFailure: (error: unknown) => void;
}

/** A partition that stands still, or did a moment ago. */
interface Standing {
  readonly id: string;
  readonly sinceMs: number;
  place: IntakePlace;
  code: string;
  class: OperationClass | undefined;
  /** When it was told last. */
  toldMs: number | undefined;
  /** Since when it goes on; undefined while it stands. */
  overMs: number | undefined;
}

/** Shorter waits are what back-pressure is made of. */
const tellAfterMs = 1_000;
const repeatMs = 30_000;
/** It must go on for this long before that is told, so that a partition on the brink is told of once. */
const quietMs = 10_000;
const lookMs = 1_000;

/**
 * Tells hospitals, in receipts, which partitions of the intake topics stand still, since when and what for, and when they go on:
 * one receipt when it has lasted a second, one every 30 s, one at its end; never one for each message.
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

  /** A partition cannot go on at this record. @param operationClass what finds no room, where it is room that is missing */
  waits(place: IntakePlace, code: string, operationClass?: OperationClass): void {
    const known = this.#standing.get(nameOf(place));
    if (known !== undefined) Object.assign(known, { place, code, class: operationClass, overMs: undefined });
    else {
      const times = { sinceMs: this.#options.nowMs(), toldMs: undefined, overMs: undefined };
      const id = this.#options.placeId(place);
      this.#standing.set(nameOf(place), { id, place, code, class: operationClass, ...times });
    }
  }

  /** A run of the partition has been taken in. */
  goesOn(run: Pick<LogRun, 'topic' | 'partition'>): void {
    const standing = this.#standing.get(nameOf(run));
    if (standing?.toldMs === undefined) this.#standing.delete(nameOf(run));
    else standing.overMs ??= this.#options.nowMs();
  }

  /** Tells what has to be told by now. What the log does not take is told at the next look. */
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
      ...{ source: place.topic, id, isIdMinted: true, state, code: isDelayed ? code : 'OK' },
      ...{ items: [], issues: [], intake: place, delay, atMs },
    };
  }
}

function isDue({ sinceMs, toldMs, overMs }: Standing, nowMs: number): boolean {
  if (overMs !== undefined) return false;
  return toldMs === undefined ? nowMs - sinceMs >= tellAfterMs : nowMs - toldMs >= repeatMs;
}

const nameOf = ({ topic, partition }: Pick<LogRun, 'topic' | 'partition'>): string => `${topic}/${partition}`;
