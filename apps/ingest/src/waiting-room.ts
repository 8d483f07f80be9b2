import type { OperationOutcome, StatusStore } from '@medrex/contracts';
import { newGate } from './gate.ts';
import { identityText } from './live-operations.ts';

/** The outcome of an operation, and the time of its block in epoch ms. */
export interface Ended {
  readonly outcome: OperationOutcome;
  readonly committedAtMs: number;
}

/** Requests that wait for outcomes. Any number may wait for one operation. */
export class WaitingRoom {
  readonly #statuses: Pick<StatusStore, 'get'>;
  readonly #waiting = new Map<string, Set<(ended: Ended) => void>>();

  constructor(statuses: Pick<StatusStore, 'get'>) {
    this.#statuses = statuses;
  }

  /** Number of operations for which a request waits. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Passes an outcome to the requests that wait for it. */
  release(ended: Ended): void {
    const { opId, sourceHash: digest } = ended.outcome;
    const text = identityText({ opId, digest });
    const waiters = this.#waiting.get(text);
    if (waiters === undefined) return;
    this.#waiting.delete(text);
    for (const resolve of waiters) resolve(ended);
  }

  /**
   * Waits for the operations of one message. Earlier outcomes are found in the status store, which is queried after the wait has
   * started, so that none is missed in between.
   *
   * @returns endings by operation id; without those that did not arrive before `signal` aborted
   */
  async wait(opIds: readonly string[], digest: string, signal: AbortSignal): Promise<ReadonlyMap<string, Ended>> {
    const endings = new Map<string, Ended>();
    const wanted = [...new Set(opIds)];
    if (wanted.length === 0) return endings;
    const { opened: over, open: end } = newGate();
    const note = (ended: Ended): void => {
      endings.set(ended.outcome.opId, ended);
      if (endings.size === wanted.length) end();
    };
    for (const opId of wanted) this.#enter(identityText({ opId, digest }), note);
    signal.addEventListener('abort', () => end(), { once: true });
    if (signal.aborted) end();
    void this.#lookUp(wanted, digest, note);
    await over;
    for (const opId of wanted) this.#leave(identityText({ opId, digest }), note);
    return endings;
  }

  /** Looks up earlier outcomes. When the store fails, only those are missed; later outcomes still arrive. */
  async #lookUp(opIds: readonly string[], digest: string, note: (ended: Ended) => void): Promise<void> {
    const stored = await this.#statuses.get(opIds).catch(() => []);
    for (const status of stored) {
      if (status?.outcome === undefined || status.sourceHash !== digest) continue;
      note({ outcome: status.outcome, committedAtMs: status.settledAtMs ?? status.acceptedAtMs });
    }
  }

  #enter(text: string, note: (ended: Ended) => void): void {
    const waiters = this.#waiting.get(text);
    if (waiters === undefined) this.#waiting.set(text, new Set([note]));
    else waiters.add(note);
  }

  #leave(text: string, note: (ended: Ended) => void): void {
    const waiters = this.#waiting.get(text);
    waiters?.delete(note);
    if (waiters?.size === 0) this.#waiting.delete(text);
  }
}
