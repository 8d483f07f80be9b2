import { operationClasses, type OperationClass } from '@medrex/contracts';

/** By class, the number of live operations from which no more of that class are accepted; lower for lower priorities. */
export type LiveLimits = Readonly<Record<OperationClass, number>>;

/** Share of the live limit that each class may fill: the last tenth is reserved for CPOE, and audit is shed first. */
const shares: LiveLimits = { cpoe: 1, clinical: 0.9, scheduling: 0.8, financial: 0.7, audit: 0.6 };

/** The limit L(c) of each class c. @param liveMax live operations that orderer-dag may hold */
export function liveLimits(liveMax: number): LiveLimits {
  return Object.fromEntries(
    operationClasses.map((one) => [one, Math.max(1, Math.floor(liveMax * shares[one]))]),
  ) as unknown as LiveLimits;
}

const retryAfterMaxS = 30;

/**
 * Admission control. An operation of class c is accepted while live < L(c), where live counts accepted operations that are not
 * terminal. Otherwise it is shed (HTTP, never CPOE) or waits (CPOE, and the intake topics, which pauses their partition).
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

  /** Live operations: the count of this instance or that of orderer-dag, whichever is higher (other instances accept operations too). */
  get live(): number {
    return Math.max(this.#own, this.#reported);
  }

  /** How many more operations of this class can be accepted now; 0 or less means none. */
  room(operationClass: OperationClass): number {
    return this.limits[operationClass] - this.live;
  }

  /** Counts operations as live just before they are appended. */
  take(operations: number): void {
    this.#own += operations;
  }

  /** Counts operations that became terminal, and wakes those that wait for room. */
  settle(operations: number, nowMs: number): void {
    this.#own -= operations;
    this.#measureDrain(operations, nowMs);
    this.#wake();
  }

  /** Takes over the live count that orderer-dag reports in `progress`. */
  report(live: number): void {
    this.#reported = live;
    this.#wake();
  }

  /** Resolves with true once there is room for the class, or with false when `signal` aborts. */
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

  /** Number of paused intake partitions and waiting requests of this class. */
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

  /** Estimated seconds until there is room for the class, from the current rate of terminal operations. */
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
