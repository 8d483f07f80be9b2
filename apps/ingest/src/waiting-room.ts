import type { OperationOutcome, StatusStore } from '@medrex/contracts';
import { newGate } from './gate.ts';
import { identityText } from './live-operations.ts';

/** How an operation ended, and when, epoch ms. */
export interface Ended {
  readonly outcome: OperationOutcome;
  readonly committedAtMs: number;
}

/** Requests that wait for the outcome of what they brought. Any number may wait for one operation. */
export class WaitingRoom {
  readonly #statuses: Pick<StatusStore, 'get'>;
  readonly #waiting = new Map<string, Set<(ended: Ended) => void>>();

  constructor(statuses: Pick<StatusStore, 'get'>) {
    this.#statuses = statuses;
  }

  /** Operations that somebody waits for. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Hands an outcome to whoever waits for it. */
  release(ended: Ended): void {
    const { opId, sourceHash: digest } = ended.outcome;
    const text = identityText({ opId, digest });
    const waiters = this.#waiting.get(text);
    if (waiters === undefined) return;
    this.#waiting.delete(text);
    for (const resolve of waiters) resolve(ended);
  }

  /**
   * Waits for operations of one message. Outcomes that came before anybody waited are found in the status store, which is asked
   * once the waiting has begun: so none is missed between the two.
   *
   * @returns endings by operation id; those that did not come before `signal` are missing.
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

  /** A store that does not answer costs nothing but what came before: the outcomes to come are waited for all the same. */
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
