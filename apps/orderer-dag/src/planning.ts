import type { ChannelOptions } from './channel-options.ts';
import type { ChannelParts } from './channel-parts.ts';
import type { CloseReason } from './close-reason.ts';
import type { LiveOperation } from './live-operation.ts';

/** Interval of the search for operations that have been ready for too long, in ms. */
const overdueEveryMs = 1_000;

/** Callbacks of Planning. */
export interface PlanningHooks {
  /** False while nothing may be sent. */
  readonly mayPlan: () => boolean;
  /** Current block height. */
  readonly height: () => number;
  readonly onStop: (error: unknown) => void;
}

type Parts = Pick<ChannelParts, 'planner' | 'flights' | 'live' | 'working'>;

/**
 * Schedules planning: every event calls `soon`, and all events of a turn share one planning. Closes operations, at their places in the
 * order, that are past their deadline or were ready for too long.
 */
export class Planning {
  readonly #options: Pick<ChannelOptions, 'clock' | 'observer' | 'limits'>;
  readonly #parts: Parts;
  readonly #hooks: PlanningHooks;
  #isDue = false;
  #cancelWake: (() => void) | undefined;
  #cancelCheck: (() => void) | undefined;

  constructor(options: Pick<ChannelOptions, 'clock' | 'observer' | 'limits'>, parts: Parts, hooks: PlanningHooks) {
    this.#options = options;
    this.#parts = parts;
    this.#hooks = hooks;
    this.#scheduleCheck();
  }

  /** Plans once after the current turn. */
  soon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.#guard(() => this.#planOnce());
    });
  }

  /** Gives up an operation; from its next flight on its close is carried instead. */
  close(seq: number, reason: CloseReason): void {
    const operation = this.#parts.live.get(seq);
    if (operation === undefined || operation.closeReason !== undefined) return;
    operation.closeReason = reason;
    this.#parts.planner.closing(seq, reason);
    this.#options.observer.closing(seq, reason);
  }

  end(): void {
    this.#cancelWake?.();
    this.#cancelCheck?.();
  }

  #planOnce(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    if (!this.#hooks.mayPlan()) return;
    const { planner, flights, live, working } = this.#parts;
    const nowMs = working.now();
    for (const fusion of planner.plan(nowMs)) {
      const operations = fusion.operations.flatMap(({ seq }) => live.get(seq) ?? []);
      for (const operation of operations) this.#planned(operation, nowMs);
      flights.launch(fusion, operations, this.#hooks.height());
    }
    const wakeMs = planner.nextWakeMs(nowMs);
    if (wakeMs === undefined) return;
    this.#cancelWake = this.#options.clock.after(Math.max(1, wakeMs - nowMs), () => this.soon());
  }

  #planned(operation: LiveOperation, workingMs: number): void {
    operation.firstPlannedMs ??= workingMs;
    const { seq, deadlineMs } = operation;
    if (deadlineMs !== undefined && deadlineMs <= this.#options.clock.now()) this.close(seq, 'EXPIRED');
  }

  #scheduleCheck(): void {
    this.#cancelCheck = this.#options.clock.after(overdueEveryMs, () => {
      this.#scheduleCheck();
      this.#guard(() => this.#closeOverdue());
    });
  }

  /** Closes operations that were ready for too long, and raises the alarm at a third of that time. */
  #closeOverdue(): void {
    const nowMs = this.#parts.working.now();
    if (!this.#hooks.mayPlan()) return;
    const { readyMaxMs } = this.#options.limits.planner;
    const hanging = this.#readyLongerThan(readyMaxMs / 3, nowMs);
    this.#options.observer.hanging(hanging.size);
    if (hanging.size === 0) return;
    for (const seq of this.#readyLongerThan(readyMaxMs, nowMs)) this.close(seq, 'READY_TOO_LONG');
    this.soon();
  }

  /** Operations that have been ready for longer, without a flight or without being carried by their flights. O(live). */
  #readyLongerThan(ms: number, nowMs: number): ReadonlySet<number> {
    const { planner, live } = this.#parts;
    const found = new Set(planner.overdue(nowMs + this.#options.limits.planner.readyMaxMs - ms));
    for (const { seq, firstPlannedMs } of live.all()) {
      if (firstPlannedMs !== undefined && nowMs - firstPlannedMs > ms) found.add(seq);
    }
    return found;
  }

  #guard(act: () => void): void {
    try {
      act();
    } catch (defect) {
      this.#hooks.onStop(defect);
    }
  }
}
