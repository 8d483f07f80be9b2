import { mintId, type OperationOutcome, type OperationStatus, type StatusStore } from '@medrex/contracts';
import { encodeOperation, pruneKeysMax, pruneOf } from '@medrex/execute-batch';
import type { TenantSealer } from '@medrex/privacy';
import { setTimeout as delay } from 'node:timers/promises';
import type { Admission } from './admission.ts';
import type { Appender } from './appender.ts';
import type { KnownOperations } from './known-operations.ts';
import type { LiveOperations } from './live-operations.ts';
import { openName } from './message-name.ts';
import type { StatusNoter } from './status-noter.ts';
import type { WaitingRoom } from './waiting-room.ts';

/** What one prune did. */
export interface Pruned {
  readonly pruned: number;
  /** Records that their own day keeps, e.g. of messages dated in the future. */
  readonly kept: number;
}

export interface RecordPrunerOptions {
  readonly statuses: StatusStore;
  readonly partition: number;
  readonly identityKey: Uint8Array;
  readonly tenant: Pick<TenantSealer, 'open'>;
  readonly known: Pick<KnownOperations, 'forget'>;
  readonly admission: Admission;
  readonly appender: Appender;
  readonly live: LiveOperations;
  readonly noter: StatusNoter;
  readonly waitingRoom: WaitingRoom;
  /** Every operation with a lower seq is terminal, and never read from the log again. */
  readonly lowWaterMark: () => number;
  readonly nowMs: () => number;
  /** A message older than this is refused at the door. */
  readonly dedupeWindowMs: number;
  /** How long dead letters can be sent again. */
  readonly letterWindowMs: number;
  /** How much longer records stay: more than any message is on its way from the door into the log. */
  readonly marginMs: number;
  /** Time between two passes. */
  readonly everyMs: number;
  readonly onPruned: (facts: Pruned) => void;
  readonly onFailure: (error: unknown) => void;
}

/** Nobody waits for a prune, so it goes behind everything else. */
const operationClass = 'audit';
/** Least time between two prunes: with 500 records each, far more than a channel writes. */
const pauseMs = 20;

/**
 * Deletes operation records that no repeat can need any more, and then their statuses. Each prune is an operation of the lowest class,
 * one at a time, and waits for room as all others do. Its id follows from what it names, so a crash anywhere repeats the same prune,
 * which the ledger answers from its record. What a prune may name:
 *
 * - settled longer ago than the dedupe window and the margin, and another attempt of a dead letter longer ago than letters are kept;
 * - below the low-water mark: an orderer-dag that restarts runs everything above it again, and must find the records.
 *
 * What it names is deleted only if the record's own day is older than the window, too: the contract looks at that.
 */
export class RecordPruner {
  readonly #options: RecordPrunerOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: RecordPrunerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Names nothing more; what was appended goes on. */
  stop(): void {
    this.#stop.abort();
  }

  /** Resolves when it has let go of its ports. */
  async close(): Promise<void> {
    this.stop();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (await this.#pause(this.#options.everyMs)) {
      try {
        await this.#pass();
      } catch (error) {
        if (!this.#stop.signal.aborted) this.#options.onFailure(error);
      }
    }
  }

  /** Everything that may go now, the oldest first. What a failure leaves is there at the next pass. */
  async #pass(): Promise<void> {
    const { statuses, partition, nowMs, dedupeWindowMs, marginMs } = this.#options;
    const beforeMs = nowMs() - dedupeWindowMs - marginMs;
    const query = { partition, beforeMs, limit: pruneKeysMax };
    for (let rows = await statuses.settledBefore(query); rows.length > 0;) {
      const opIds = rows.filter((row) => this.#mayGo(row)).map(({ opId }) => opId);
      if (opIds.length > 0) await this.#prune(opIds, beforeMs);
      const last = rows.at(-1);
      if (last?.settledAtMs === undefined || !(await this.#pause(pauseMs))) return;
      rows = await statuses.settledBefore({ ...query, after: { settledAtMs: last.settledAtMs, opId: last.opId } });
    }
  }

  #mayGo({ seq, settledAtMs = Infinity, outcome }: OperationStatus): boolean {
    const { lowWaterMark, nowMs, letterWindowMs, marginMs } = this.#options;
    if (seq === undefined || outcome === undefined || seq >= lowWaterMark()) return false;
    return settledAtMs < nowMs() - letterWindowMs - marginMs || !this.#mayBeResent(outcome);
  }

  /** Whoever sends a dead letter twice gets one further attempt. A name that does not open could be that of one. */
  #mayBeResent({ sealedName }: OperationOutcome): boolean {
    if (sealedName === '') return false; // housekeeping's own operations belong to no message
    try {
      return openName(this.#options.tenant, sealedName).resend !== undefined;
    } catch {
      return true;
    }
  }

  async #prune(opIds: readonly string[], beforeMs: number): Promise<void> {
    const { statuses, known, identityKey, onPruned } = this.#options;
    const before = new Date(beforeMs).toISOString().slice(0, 10);
    const id = mintId(identityKey, 'prune', before, ...opIds);
    const outcome = await this.#outcomeOf(id, opIds, before);
    if (outcome === undefined) return;
    const kept = keptBy(outcome);
    const gone = opIds.filter((opId) => !kept.has(opId));
    await statuses.forget(gone);
    known.forget(gone);
    onPruned({ pruned: gone.length, kept: kept.size });
  }

  /** How the prune ended, now or before a crash; undefined when ingest stops first. */
  async #outcomeOf(id: string, opIds: readonly string[], before: string): Promise<OperationOutcome | undefined> {
    const { statuses, waitingRoom } = this.#options;
    const { signal } = this.#stop;
    const [known] = await statuses.get([id]);
    if (known === undefined && !(await this.#append(id, opIds, before))) return undefined;
    const outcome = known?.outcome ?? (await waitingRoom.wait([id], id, signal)).get(id)?.outcome;
    if (outcome === undefined || outcome.status === 'applied') return outcome;
    throw new Error(`a prune ended ${outcome.status}: ${outcome.code}`);
  }

  async #append(id: string, opIds: readonly string[], before: string): Promise<boolean> {
    const { admission, appender, live, noter, nowMs } = this.#options;
    if (!(await admission.waitForRoom(operationClass, this.#stop.signal))) return false;
    const acceptedAtMs = nowMs();
    const time = new Date(acceptedAtMs).toISOString();
    const operationBytes = encodeOperation({ ...pruneOf(opIds, before), opId: id, sourceHash: id, time });
    const routing = { sealedName: '', class: operationClass, acceptedAtMs, item: 0 } as const;
    const identity = { opId: id, digest: id };
    if (live.add(identity, undefined)) admission.take(1);
    try {
      const [seq] = await appender.append([{ routing, operationBytes }]);
      await noter.note([{ opId: id, sourceHash: id, state: 'pending', seq, acceptedAtMs }]);
      return true;
    } catch (error) {
      if (live.remove(identity)) admission.settle(1, nowMs());
      throw error;
    }
  }

  /** @returns false when ingest stops. */
  #pause(ms: number): Promise<boolean> {
    return delay(ms, true, { signal: this.#stop.signal, ref: false }).catch(() => false);
  }
}

function keptBy({ detail }: OperationOutcome): ReadonlySet<unknown> {
  const kept = typeof detail === 'object' && detail !== null && 'kept' in detail ? detail.kept : [];
  return new Set(Array.isArray(kept) ? kept : []);
}
