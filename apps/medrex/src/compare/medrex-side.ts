import type { IngestClient, LineReceipt } from '../client/ingest-client.ts';
import type { Load } from '../load/load-stream.ts';
import { subjectOf, type LoadMessage } from '../load/message.ts';
import { UsageError } from '../terminal/usage-error.ts';
import { LatencyRecorder } from './latency.ts';
import { LinesInOrder } from './lines-in-order.ts';
import type { FabricTransactions, SideResult } from './side-result.ts';

export interface MedrexSideOptions {
  readonly client: Pick<IngestClient, 'sendLines' | 'follow' | 'status'>;
  /** Numbers of Fabric transactions so far, from the block constructor's metrics. */
  readonly fabricTransactions: () => Promise<FabricTransactions>;
  readonly seconds: number;
  /** How long the last outcomes are waited for after the last message was sent. */
  readonly drainMs: number;
  /** A share of the messages goes to the ledger past Medrex, drawn evenly; they are not counted as offered. */
  readonly foreign?: { readonly share: number; readonly write: (message: LoadMessage) => void };
  readonly onProgress?: (sent: number, ended: number) => void;
  /** Told of every operation that ended, with its latency. */
  readonly onEnded?: (sent: Sent, ms: number) => void;
  /** Nothing more is sent once it is raised; what was sent is waited for. */
  readonly signal?: AbortSignal;
}

/** Lines in one request at most; what is due within a tick goes together. */
const linesMax = 500;
const tickMs = 10;
/** Lines of the setup in one request: it is not measured. */
const setupLines = 200;
/** Operations of the setup whose status is asked for at the same time. */
const askedAtOnce = 16;

/** A message and when it was meant to be sent, ms from the start. */
interface Sent {
  readonly atMs: number;
  readonly message: LoadMessage;
}

/** Status of a receipt whose message had come before. */
const repeat = 200;

const endings = { applied: 'applied', rejected: 'rejected', dead: 'failed' } as const;

/**
 * The load through a running Medrex: NDJSON batches of what is due, as an EHR's interface engine would send them, each patient's messages
 * in order, and the outcomes from the event stream. Latency runs from the intended send time, so waiting for a slow answer counts.
 */
export class MedrexSide {
  readonly #options: MedrexSideOptions;
  readonly #latency = new LatencyRecorder();
  readonly #open = new Map<string, Sent>();
  /** Outcomes that came before their receipt. */
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
      abort.abort(); // a stream that is left open would keep the process
      await stream.ended;
    }
    // A load that was stopped lasted shorter than it was meant to.
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

  /** Sends what must stand before the load, and waits until it is settled. */
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
    // All of it: what was sent last can be settled first.
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

  /** Evenly spread: a share of 0.05 is every twentieth message. */
  #isForeign(place: number): boolean {
    const share = this.#options.foreign?.share ?? 0;
    return Math.floor((place + 1) * share) > Math.floor(place * share);
  }

  async #send(batch: readonly Sent[]): Promise<void> {
    const lines = batch.map(({ message }) => JSON.stringify(message));
    // Who does not answer has failed these operations; the schedule of an open loop goes on.
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

  /** Only our own operations come here: outcomes of other senders stand in the stream as well. */
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

/** The load would wait for outcomes that came long ago. */
const sentBefore = () =>
  new UsageError('this Medrex has had these messages before', 'Give another --seed, or another --start.');

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
