import { operationClasses, type OperationClass } from '@medrex/contracts';

/** Highest number of live operations at which one more of a class is taken; it falls with the priority. */
export type LiveLimits = Readonly<Record<OperationClass, number>>;

/** Shares of the live limit, the most urgent class first: the last tenth is for CPOE alone, and the lowest class gives way first. */
const shares: LiveLimits = { cpoe: 1, clinical: 0.9, scheduling: 0.8, financial: 0.7, audit: 0.6 };

/** L(c) for each class. @param liveMax the live limit: what orderer-dag is let to hold. */
export function liveLimits(liveMax: number): LiveLimits {
  return Object.fromEntries(
    operationClasses.map((one) => [one, Math.max(1, Math.floor(liveMax * shares[one]))]),
  ) as unknown as LiveLimits;
}

const retryAfterMaxS = 30;

/**
 * The door. An operation of class c is appended while live < L(c), live being what was accepted and is not terminal. What finds
 * no room is shed (HTTP, never CPOE) or waits (CPOE, and the intake topics, whose partition pauses by that).
 */
export class Admission {
  readonly limits: LiveLimits;
  readonly #waiting = new Set<() => void>();
  readonly #waitingOf = new Map<OperationClass, number>();
  #own = 0;
  #reported = 0;
  #drainPerS = 0;
  #windowStartMs = 0;
  #windowSettled = 0;

  constructor(limits: LiveLimits) {
    this.limits = limits;
  }

  /** Accepted and not terminal: what this instance knows of, or orderer-dag's own count when other instances bring it more. */
  get live(): number {
    return Math.max(this.#own, this.#reported);
  }

  /** How many more of this class are taken now; 0 or less means none. */
  room(operationClass: OperationClass): number {
    return this.limits[operationClass] - this.live;
  }

  /** Counts operations that are about to be appended. */
  take(operations: number): void {
    this.#own += operations;
  }

  /** Counts operations that became terminal, and lets in what waits for their places. */
  settle(operations: number, nowMs: number): void {
    this.#own -= operations;
    this.#measureDrain(operations, nowMs);
    this.#wake();
  }

  /** What orderer-dag counts itself (`progress`). */
  report(live: number): void {
    this.#reported = live;
    this.#wake();
  }

  /** Resolves once there is room for the class, or with false when `signal` says to give up. */
  async waitForRoom(operationClass: OperationClass, signal: AbortSignal): Promise<boolean> {
    if (this.room(operationClass) > 0) return true;
    this.#waitingOf.set(operationClass, this.waitingFor(operationClass) + 1);
    try {
      while (this.room(operationClass) <= 0) {
        if (signal.aborted) return false;
        await this.#wakeOrAbort(signal);
      }
      return true;
    } finally {
      this.#waitingOf.set(operationClass, this.waitingFor(operationClass) - 1);
    }
  }

  /** Intake partitions that stand still, and requests that wait, until there is room for this class. */
  waitingFor(operationClass: OperationClass): number {
    return this.#waitingOf.get(operationClass) ?? 0;
  }

  #wakeOrAbort(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  /** Seconds until there should be room for the class at the rate at which operations become terminal now. */
  retryAfterS(operationClass: OperationClass): number {
    const excess = 1 - this.room(operationClass);
    if (this.#drainPerS <= 0) return Math.min(retryAfterMaxS, 5);
    return Math.min(retryAfterMaxS, Math.max(1, Math.ceil(excess / this.#drainPerS)));
  }

  #measureDrain(operations: number, nowMs: number): void {
    this.#windowSettled += operations;
    const elapsedMs = nowMs - this.#windowStartMs;
    if (elapsedMs < 1000) return;
    this.#drainPerS = (this.#windowSettled * 1000) / elapsedMs;
    this.#windowStartMs = nowMs;
    this.#windowSettled = 0;
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
