import type { IngestClient, LineReceipt } from '../client/ingest-client.ts';
import type { Load } from '../load/load-stream.ts';
import { subjectOf, type LoadMessage } from '../load/message.ts';
import { UsageError } from '../terminal/usage-error.ts';
import { LatencyRecorder } from './latency.ts';
import { LinesInOrder } from './lines-in-order.ts';
import type { FabricTransactions, SideResult } from './side-result.ts';

export interface MedrexSideOptions {
  readonly client: Pick<IngestClient, 'sendLines' | 'follow' | 'status'>;
  /** Number of Fabric transactions so far, from the metrics of orderer-dag. */
  readonly fabricTransactions: () => Promise<FabricTransactions>;
  readonly seconds: number;
  /** How long to wait for outcomes after the last message, in ms. */
  readonly drainMs: number;
  /** An evenly drawn share of the messages is written by a foreign writer instead; they do not count as offered. */
  readonly foreign?: { readonly share: number; readonly write: (message: LoadMessage) => void };
  readonly onProgress?: (sent: number, ended: number) => void;
  /** Called for each ended operation with its latency in ms. */
  readonly onEnded?: (sent: Sent, ms: number) => void;
  /** When aborted, nothing more is sent; outcomes of sent messages are awaited. */
  readonly signal?: AbortSignal;
}

/** Maximum lines per request; lines due within a tick share one. */
const linesMax = 500;
const tickMs = 10;
/** Lines per request of the setup, which is not measured. */
const setupLines = 200;
/** Concurrent status queries for operations of the setup. */
const askedAtOnce = 16;

/** A message and its intended send time, in ms from the start. */
interface Sent {
  readonly atMs: number;
  readonly message: LoadMessage;
}

/** Receipt status of a repeat. */
const repeat = 200;

const endings = { applied: 'applied', rejected: 'rejected', dead: 'failed' } as const;

/**
 * Runs the load through a running Medrex: sends due messages as NDJSON batches like an EHR's interface engine, in order per patient, and
 * reads outcomes from the event stream. Latency counts from the intended send time, so waiting for a slow answer is included.
 */
export class MedrexSide {
  readonly #options: MedrexSideOptions;
  readonly #latency = new LatencyRecorder();
  readonly #open = new Map<string, Sent>();
  /** Outcomes that arrived before their receipt. */
  readonly #early = new Map<string, { readonly state: keyof typeof endings; readonly ms: number }>();
  readonly #ended = { applied: 0, rejected: 0, failed: 0 };
  #startedMs = 0;
  #lastEndMs = 0;
  #sendingMs = 0;
  #shed = 0;
  #repeated = false;

  constructor(options: MedrexSideOptions) {
    this.#options = options;
  }

  get ended(): number {
    return this.#ended.applied + this.#ended.rejected + this.#ended.failed;
  }

  async run(load: Load): Promise<SideResult> {
    await this.#setUp(load.setup);
    const { client, fabricTransactions, seconds, signal } = this.#options;
    const abort = new AbortController();
    const stream = await client.follow(
      ({ transactionId, state }) => this.#onOutcome(transactionId, state),
      abort.signal,
    );
    let before: FabricTransactions;
    let offered: number;
    try {
      before = await fabricTransactions();
      offered = await this.#sendAll(load);
      await this.#drain();
    } finally {
      abort.abort(); // an open stream would keep the process alive
      await stream.ended;
    }
    // A stopped load lasted shorter than planned.
    const meantSeconds = signal?.aborted === true ? Math.min(seconds, this.#sendingMs / 1000) : seconds;
    const unanswered = this.#open.size;
    const after = await fabricTransactions();
    return {
      client: 'Medrex',
      offered,
      offeredPerSecond: offered / meantSeconds,
      applied: this.#ended.applied,
      rejected: this.#ended.rejected,
      lostToConflict: 0,
      failed: this.#ended.failed + unanswered + this.#shed,
      retries: 0,
      seconds: Math.max(meantSeconds, (this.#lastEndMs - this.#startedMs) / 1000),
      fabric: difference(after, before),
      latencyMs: this.#latency.summary(),
    };
  }

  /** Sends the setup of the load, and waits until it is settled. */
  async #setUp(messages: readonly LoadMessage[]): Promise<void> {
    const { client } = this.#options;
    const waiting: string[] = [];
    for (let from = 0; from < messages.length; from += setupLines) {
      const lines = messages.slice(from, from + setupLines).map((message) => JSON.stringify(message));
      const receipts = await client.sendLines(lines);
      if (!('length' in receipts)) throw new Error(`the load's setup was refused with status ${receipts.status}`);
      for (const { status, transactionId, problem } of receipts) {
        if (status === repeat) throw sentBefore();
        if (transactionId === undefined)
          throw new Error(
            `the load's setup was refused: ${problem?.code ?? status} ${problem?.detail ?? ''}`.trimEnd(),
          );
        waiting.push(transactionId);
      }
    }
    // Check all of it, as later messages can be settled earlier.
    const settled = async (transactionId: string) => {
      while ((await client.status(transactionId))?.state === 'pending') await sleep(10);
    };
    for (let from = 0; from < waiting.length; from += askedAtOnce)
      await Promise.all(waiting.slice(from, from + askedAtOnce).map(settled));
  }

  async #sendAll(load: Load): Promise<number> {
    let offered = 0;
    let seen = 0;
    const lines = new LinesInOrder<Sent>({
      subjectOf: ({ message }) => subjectOf(message),
      send: (batch) => this.#send(batch),
      linesMax,
    });
    this.#startedMs = performance.now();
    for (const { atMs, message } of load.stream()) {
      if (this.#options.signal?.aborted === true || this.#repeated) break;
      for (
        let waitMs = this.#startedMs + atMs - performance.now();
        waitMs > 0;
        waitMs = this.#startedMs + atMs - performance.now()
      ) {
        lines.flush();
        await sleep(Math.max(tickMs, waitMs));
      }
      if (this.#isForeign(seen)) {
        this.#options.foreign?.write(message);
        seen += 1;
        continue;
      }
      seen += 1;
      lines.add({ atMs, message });
      offered += 1;
      this.#options.onProgress?.(offered, this.ended);
    }
    lines.flush();
    this.#sendingMs = performance.now() - this.#startedMs;
    await lines.settled();
    if (this.#repeated) throw sentBefore();
    return offered;
  }

  /** Whether the message at this place goes to the foreign writer; a share of 0.05 is every twentieth. */
  #isForeign(place: number): boolean {
    const share = this.#options.foreign?.share ?? 0;
    return Math.floor((place + 1) * share) > Math.floor(place * share);
  }

  async #send(batch: readonly Sent[]): Promise<void> {
    const lines = batch.map(({ message }) => JSON.stringify(message));
    // Unanswered operations count as failed; the schedule of an open loop continues.
    const receipts = await this.#options.client.sendLines(lines).catch(() => undefined);
    if (receipts === undefined || !('length' in receipts)) {
      this.#shed += batch.length;
      return;
    }
    this.#repeated ||= receipts.some(({ status }) => status === repeat);
    for (const [index, receipt] of receipts.entries()) this.#onReceipt(receipt, batch[index] as Sent);
  }

  #onReceipt({ transactionId }: LineReceipt, sent: Sent): void {
    if (transactionId === undefined) {
      this.#shed += 1;
      return;
    }
    const early = this.#early.get(transactionId);
    if (early === undefined) {
      this.#open.set(transactionId, sent);
      return;
    }
    this.#early.delete(transactionId);
    this.#count(early.state, early.ms, sent);
  }

  #onOutcome(transactionId: string, state: string): void {
    if (!(state in endings)) return;
    const ending = state as keyof typeof endings;
    const nowMs = performance.now();
    const sent = this.#open.get(transactionId);
    if (sent === undefined) {
      this.#early.set(transactionId, { state: ending, ms: nowMs });
      return;
    }
    this.#open.delete(transactionId);
    this.#count(ending, nowMs, sent);
  }

  /** Counts the outcome of an own operation; the stream also has outcomes of other senders. */
  #count(state: keyof typeof endings, endedMs: number, sent: Sent): void {
    this.#ended[endings[state]] += 1;
    this.#lastEndMs = Math.max(this.#lastEndMs, endedMs);
    const ms = endedMs - this.#startedMs - sent.atMs;
    this.#latency.record(ms);
    this.#options.onEnded?.(sent, ms);
  }

  async #drain(): Promise<void> {
    const endMs = performance.now() + this.#options.drainMs;
    while (this.#open.size > 0 && performance.now() < endMs) await sleep(5);
  }
}

/** Error for repeated messages, whose outcomes would never arrive. */
const sentBefore = () =>
  new UsageError('this Medrex already has these messages', 'Choose another --seed, or another --start.');

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function difference(after: FabricTransactions, before: FabricTransactions): FabricTransactions {
  return {
    submitted: after.submitted - before.submitted,
    valid: after.valid - before.valid,
    mvccReadConflict: after.mvccReadConflict - before.mvccReadConflict,
    phantomReadConflict: after.phantomReadConflict - before.phantomReadConflict,
    otherInvalid: after.otherInvalid - before.otherInvalid,
  };
}
