import { mintId, type OperationOutcome, type OperationStatus, type StatusStore } from '@medrex/contracts';
import { encodeOperation, pruneKeysMax, pruneOf } from '@medrex/execute-batch';
import type { TenantSealer } from '@medrex/privacy';
import { setTimeout as delay } from 'node:timers/promises';
import type { Admission } from './admission.ts';
import type { Appender } from './appender.ts';
import type { KnownOperations } from './known-operations.ts';
import type { LiveOperations } from './live-operations.ts';
import { openName } from './message-name.ts';
import type { StatusRecorder } from './status-recorder.ts';
import type { WaitingRoom } from './waiting-room.ts';

/** The result of one prune. */
export interface Pruned {
  readonly pruned: number;
  /** Records kept because of their own date, e.g. of messages dated in the future. */
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
  readonly statusRecorder: StatusRecorder;
  readonly waitingRoom: WaitingRoom;
  /** Every operation with a lower seq is terminal and is never read from the log again. */
  readonly lowWaterMark: () => number;
  readonly nowMs: () => number;
  /** Messages older than this are refused on arrival. */
  readonly dedupeWindowMs: number;
  /** How long dead letters can be resent. */
  readonly letterWindowMs: number;
  /** How much longer records are kept: more than the time from the age check to the append. */
  readonly marginMs: number;
  /** Interval between two passes, in ms. */
  readonly everyMs: number;
  readonly onPruned: (facts: Pruned) => void;
  readonly onFailure: (error: unknown) => void;
}

/** The lowest class, since nothing waits for a prune. */
const operationClass = 'audit';
/** Minimum pause between two prunes: with 500 records each, prunes are far faster than a channel writes records. */
const pauseMs = 20;

/**
 * Deletes operation records that no repeat can need any more, and then their statuses. Prunes are operations of the lowest class, one
 * at a time, and are subject to admission. The id of a prune is derived from the records it names, so a crash repeats the same
 * prune, which the ledger answers from its record. A prune may name records of operations that
 *
 * - settled longer ago than the dedupe window plus the margin; for resends, longer ago than letters are kept;
 * - are below the low-water mark: a restarted orderer-dag replays everything above it, and must find the records.
 *
 * The contract deletes a named record only if its own date is older than the window too.
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

  /** Starts no more prunes; an appended one continues. */
  stop(): void {
    this.#stop.abort();
  }

  /** Resolves when it no longer uses its ports. */
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

  /** Prunes all expired records, oldest first. After a failure the next pass continues. */
  async #pass(): Promise<void> {
    const { statuses, partition, nowMs, dedupeWindowMs, marginMs } = this.#options;
    const beforeMs = nowMs() - dedupeWindowMs - marginMs;
    const query = { partition, beforeMs, limit: pruneKeysMax };
    for (let rows = await statuses.settledBefore(query); rows.length > 0;) {
      const opIds = rows.filter((row) => this.#isPrunable(row)).map(({ opId }) => opId);
      if (opIds.length > 0) await this.#prune(opIds, beforeMs);
      const last = rows.at(-1);
      if (last?.settledAtMs === undefined || !(await this.#pause(pauseMs))) return;
      rows = await statuses.settledBefore({ ...query, after: { settledAtMs: last.settledAtMs, opId: last.opId } });
    }
  }

  #isPrunable({ seq, settledAtMs = Infinity, outcome }: OperationStatus): boolean {
    const { lowWaterMark, nowMs, letterWindowMs, marginMs } = this.#options;
    if (seq === undefined || outcome === undefined || seq >= lowWaterMark()) return false;
    return settledAtMs < nowMs() - letterWindowMs - marginMs || !this.#mayBeResent(outcome);
  }

  /** Whether the operation may be a resend, whose record must outlive its dead letter; assumed when its sealed name cannot be opened. */
  #mayBeResent({ sealedName }: OperationOutcome): boolean {
    if (sealedName === '') return false; // housekeeping operations belong to no message
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

  /** The outcome of the prune, now or from before a crash; undefined when ingest stops first. */
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
    const { admission, appender, live, statusRecorder, nowMs } = this.#options;
    if (!(await admission.waitForRoom(operationClass, this.#stop.signal))) return false;
    const acceptedAtMs = nowMs();
    const time = new Date(acceptedAtMs).toISOString();
    const operationBytes = encodeOperation({ ...pruneOf(opIds, before), opId: id, sourceHash: id, time });
    const routing = { sealedName: '', class: operationClass, acceptedAtMs, item: 0 } as const;
    const identity = { opId: id, digest: id };
    if (live.add(identity, undefined)) admission.take(1);
    try {
      const [seq] = await appender.append([{ routing, operationBytes }]);
      await statusRecorder.record([{ opId: id, sourceHash: id, state: 'pending', seq, acceptedAtMs }]);
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
