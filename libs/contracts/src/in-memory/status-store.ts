import type { OperationOutcome } from '../outcome.ts';
import type { OperationStatus, StatusStore } from '../status-store.ts';

/** The status store without a disk. Settled operations beyond `settledMax` are forgotten, the oldest first; pending ones never. */
export class InMemoryStatusStore implements StatusStore {
  readonly #settledMax: number;
  readonly #pending = new Map<string, OperationStatus>();
  /** In the order in which they were settled. */
  readonly #settled = new Map<string, OperationStatus>();
  readonly #positions = new Map<string, number>();

  constructor({ settledMax = 1_000_000 }: { readonly settledMax?: number } = {}) {
    this.#settledMax = settledMax;
  }

  async get(opIds: readonly string[]): Promise<readonly (OperationStatus | undefined)[]> {
    return opIds.map((opId) => this.#find(opId));
  }

  async accepted(statuses: readonly OperationStatus[]): Promise<void> {
    for (const status of statuses) {
      if (this.#find(status.opId) === undefined) this.#place(status);
    }
  }

  async settled(
    outcomes: readonly { readonly outcome: OperationOutcome; readonly settledAtMs: number }[],
    position: { readonly topic: string; readonly partition: number; readonly offset: number },
  ): Promise<void> {
    for (const { outcome, settledAtMs } of outcomes) this.#settle(outcome, settledAtMs);
    this.#positions.set(JSON.stringify([position.topic, position.partition]), position.offset);
  }

  async position(topic: string, partition: number): Promise<number | undefined> {
    return this.#positions.get(JSON.stringify([topic, partition]));
  }

  async dead(limit: number): Promise<readonly OperationStatus[]> {
    const dead = [...this.#settled.values()].filter((status) => status.state === 'dead');
    return dead.sort((one, other) => (other.settledAtMs ?? 0) - (one.settledAtMs ?? 0)).slice(0, limit);
  }

  async prune(ms: number): Promise<number> {
    const old = [...this.#settled.values()].filter(({ settledAtMs }) => settledAtMs !== undefined && settledAtMs < ms);
    for (const { opId } of old) this.#settled.delete(opId);
    return old.length;
  }

  async close(): Promise<void> {
    this.#pending.clear();
    this.#settled.clear();
  }

  #find(opId: string): OperationStatus | undefined {
    return this.#pending.get(opId) ?? this.#settled.get(opId);
  }

  #place(status: OperationStatus): void {
    (status.state === 'pending' ? this.#pending : this.#settled).set(status.opId, status);
  }

  #settle(outcome: OperationOutcome, settledAtMs: number): void {
    const known = this.#find(outcome.opId);
    // Another message under the same id (ID_REUSED) must not overwrite what became of the first one.
    if (known !== undefined && (known.state !== 'pending' || known.sourceHash !== outcome.sourceHash)) return;
    const { opId, sourceHash, seq, status: state } = outcome;
    this.#pending.delete(opId);
    const acceptedAtMs = known?.acceptedAtMs ?? settledAtMs;
    this.#settled.set(opId, { opId, sourceHash, state, seq, acceptedAtMs, outcome, settledAtMs });
    if (this.#settled.size > this.#settledMax) this.#settled.delete(this.#settled.keys().next().value as string);
  }
}
