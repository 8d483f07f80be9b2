import type { OperationOutcome } from '../outcome.ts';
import type { OperationStatus, SettledPlace, SettledQuery, StatusStore } from '../status-store.ts';

interface Settled extends SettledPlace {
  readonly status: OperationStatus;
  readonly partition: number;
}

/** The status store in memory. Beyond `settledMax` settled operations the oldest are forgotten, pending ones never. */
export class InMemoryStatusStore implements StatusStore {
  readonly #settledMax: number;
  readonly #pending = new Map<string, OperationStatus>();
  /** In the order in which they were settled. */
  readonly #settled = new Map<string, Settled>();
  readonly #positions = new Map<string, number>();

  constructor({ settledMax = 1_000_000 }: { readonly settledMax?: number } = {}) {
    this.#settledMax = settledMax;
  }

  async get(opIds: readonly string[]): Promise<readonly (OperationStatus | undefined)[]> {
    return opIds.map((opId) => this.#find(opId));
  }

  async accepted(statuses: readonly OperationStatus[]): Promise<void> {
    for (const status of statuses) {
      if (this.#find(status.opId) === undefined) this.#pending.set(status.opId, status);
    }
  }

  async settled(
    outcomes: readonly { readonly outcome: OperationOutcome; readonly settledAtMs: number }[],
    position: { readonly topic: string; readonly partition: number; readonly offset: number },
  ): Promise<void> {
    for (const { outcome, settledAtMs } of outcomes) this.#settle(outcome, settledAtMs, position.partition);
    this.#positions.set(JSON.stringify([position.topic, position.partition]), position.offset);
  }

  async position(topic: string, partition: number): Promise<number | undefined> {
    return this.#positions.get(JSON.stringify([topic, partition]));
  }

  async dead(limit: number): Promise<readonly OperationStatus[]> {
    const dead = [...this.#settled.values()].filter(({ status }) => status.state === 'dead');
    return dead
      .sort((one, other) => other.settledAtMs - one.settledAtMs)
      .slice(0, limit)
      .map(({ status }) => status);
  }

  async settledBefore({ partition, beforeMs, after, limit }: SettledQuery): Promise<readonly OperationStatus[]> {
    const wanted = [...this.#settled.values()].filter(
      (one) =>
        one.partition === partition &&
        one.settledAtMs < beforeMs &&
        (after === undefined || comparePlaces(one, after) > 0),
    );
    return wanted
      .sort(comparePlaces)
      .slice(0, limit)
      .map(({ status }) => status);
  }

  async forget(opIds: readonly string[]): Promise<void> {
    for (const opId of opIds) this.#settled.delete(opId);
  }

  async close(): Promise<void> {
    this.#pending.clear();
    this.#settled.clear();
  }

  #find(opId: string): OperationStatus | undefined {
    return this.#pending.get(opId) ?? this.#settled.get(opId)?.status;
  }

  #settle(outcome: OperationOutcome, settledAtMs: number, partition: number): void {
    const known = this.#find(outcome.opId);
    // Another message under the same id (ID_REUSED) must not overwrite the result of the first one.
    if (known !== undefined && (known.state !== 'pending' || known.sourceHash !== outcome.sourceHash)) return;
    const { opId, sourceHash, seq, status: state } = outcome;
    this.#pending.delete(opId);
    const acceptedAtMs = known?.acceptedAtMs ?? settledAtMs;
    const status = { opId, sourceHash, state, seq, acceptedAtMs, outcome, settledAtMs };
    this.#settled.set(opId, { opId, settledAtMs, partition, status });
    if (this.#settled.size > this.#settledMax) this.#settled.delete(this.#settled.keys().next().value as string);
  }
}

function comparePlaces(one: SettledPlace, other: SettledPlace): number {
  if (one.settledAtMs !== other.settledAtMs) return one.settledAtMs - other.settledAtMs;
  return one.opId === other.opId ? 0 : one.opId < other.opId ? -1 : 1;
}
