import { randomBytes } from 'node:crypto';
import { decodeResults } from '@medrex/execute-batch';
import type { Block, BlockStream, CommittedTransaction, Ledger } from '@medrex/ledger';
import type { Random } from '../load/random.ts';
import { LatencyRecorder } from './latency.ts';
import type { FabricTransactions, SideResult } from './side-result.ts';

/** One operation of the load, to be proposed alone. */
export interface PlainOperation {
  /** Intended send time, ms from the start. */
  readonly atMs: number;
  readonly item: Uint8Array;
}

export interface PlainClientOptions {
  readonly name: string;
  readonly ledger: Ledger;
  readonly blocks: BlockStream;
  readonly chaincode: string;
  /** Number of retries; 0 for the plain client. */
  readonly retries: number;
  /** Maximum Fabric transactions in flight; operations above it wait, which counts as latency. */
  readonly concurrency: number;
  readonly random: Random;
  /** When aborted, nothing more is sent; transactions in flight are awaited. */
  readonly signal?: AbortSignal;
}

/** Delay before a retry after a conflict, in ms: doubling from 50 ms to 2 s, with full jitter. */
const backoffMs = (attempt: number, random: Random) => random.next() * Math.min(2000, 50 * 2 ** attempt);

interface Attempt {
  readonly operation: PlainOperation;
  readonly attempt: number;
}

/**
 * A client without Medrex: one Fabric transaction per operation, endorsed, submitted, and awaited in the block stream. With `retries`,
 * an operation that conflicted is endorsed again after a backoff.
 */
export class PlainClient {
  readonly #options: PlainClientOptions;
  readonly #latency = new LatencyRecorder();
  readonly #waiting: Attempt[] = [];
  readonly #outstanding = new Map<string, Attempt>();
  readonly #fabric = { submitted: 0, valid: 0, mvccReadConflict: 0, phantomReadConflict: 0, otherInvalid: 0 };
  readonly #ended = { applied: 0, rejected: 0, lostToConflict: 0, failed: 0 };
  #next = 0;
  #firstWaiting = 0;
  #inFlight = 0;
  #retries = 0;
  #startedMs = 0;
  #finished: (() => void) | undefined;
  #open = 0;
  #unsent = 0;

  constructor(options: PlainClientOptions) {
    this.#options = options;
  }

  get ended(): number {
    const { applied, rejected, lostToConflict, failed } = this.#ended;
    return applied + rejected + lostToConflict + failed;
  }

  /** Sends every operation at its time; resolves when all have ended. */
  async run(operations: readonly PlainOperation[], seconds: number): Promise<SideResult> {
    const subscription = this.#options.blocks.follow(await this.#options.blocks.height(), (block) =>
      this.#onBlock(block),
    );
    this.#open = operations.length;
    this.#startedMs = performance.now();
    const done = new Promise<void>((resolve) => (this.#finished = resolve));
    const timer = setInterval(() => this.#sendDue(operations), 1);
    if (operations.length > 0) await done;
    clearInterval(timer);
    await subscription.close();
    const lastedSeconds = (performance.now() - this.#startedMs) / 1000;
    const offered = operations.length - this.#unsent;
    return {
      client: this.#options.name,
      offered,
      offeredPerSecond: offered / (this.#unsent === 0 ? seconds : Math.min(seconds, lastedSeconds)),
      ...this.#ended,
      retries: this.#retries,
      seconds: lastedSeconds,
      fabric: { ...this.#fabric } satisfies FabricTransactions,
      latencyMs: this.#latency.summary(),
    };
  }

  #sendDue(operations: readonly PlainOperation[]): void {
    if (this.#options.signal?.aborted === true) return this.#cutShort(operations);
    const elapsedMs = performance.now() - this.#startedMs;
    for (let operation = operations[this.#next]; operation !== undefined; operation = operations[this.#next]) {
      if (operation.atMs > elapsedMs) break;
      this.#waiting.push({ operation, attempt: 0 });
      this.#next += 1;
    }
    this.#pump();
  }

  /** Stops sending: lost operations are not retried, and unsent ones do not count as offered. */
  #cutShort(operations: readonly PlainOperation[]): void {
    const waiting = this.#waiting.slice(this.#firstWaiting);
    const givenUp = waiting.filter(({ attempt }) => attempt > 0).length;
    const unsent = operations.length - this.#next + waiting.length - givenUp;
    this.#ended.lostToConflict += givenUp;
    this.#unsent += unsent;
    this.#open -= unsent + givenUp;
    this.#next = operations.length;
    this.#waiting.length = 0;
    this.#firstWaiting = 0;
    if (this.#open === 0) this.#finished?.();
  }

  /** Takes the next waiting operation; the array is compacted only now and then. */
  #takeWaiting(): Attempt | undefined {
    const next = this.#waiting[this.#firstWaiting];
    if (next === undefined) return undefined;
    this.#firstWaiting += 1;
    if (this.#firstWaiting > 1024 && this.#firstWaiting * 2 > this.#waiting.length) {
      this.#waiting.splice(0, this.#firstWaiting);
      this.#firstWaiting = 0;
    }
    return next;
  }

  #pump(): void {
    while (this.#inFlight < this.#options.concurrency) {
      const next = this.#takeWaiting();
      if (next === undefined) return;
      this.#inFlight += 1;
      this.#try(next).catch(() => this.#end(next, 'failed'));
    }
  }

  async #try(attempt: Attempt): Promise<void> {
    const { ledger, chaincode } = this.#options;
    const nonce = randomBytes(24);
    const txId = ledger.transactionId(nonce);
    const proposal = {
      channel: ledger.channel,
      chaincode,
      fn: 'executeBatch',
      args: [attempt.operation.item],
      txId,
      nonce,
      creator: 'PlainClientMSP',
    };
    const endorsement = await ledger.endorse(proposal);
    this.#outstanding.set(endorsement.proposal.txId, attempt);
    this.#fabric.submitted += 1;
    await ledger.submit(endorsement);
  }

  #onBlock(block: Block): void {
    for (const transaction of block.transactions) {
      const attempt = this.#outstanding.get(transaction.txId);
      if (attempt === undefined) continue;
      this.#outstanding.delete(transaction.txId);
      this.#settle(attempt, transaction);
    }
  }

  #settle(attempt: Attempt, { code, payload }: CommittedTransaction): void {
    if (code === 'VALID') {
      this.#fabric.valid += 1;
      const isApplied = decodeResults(payload)[0]?.status === 'applied';
      return this.#end(attempt, isApplied ? 'applied' : 'rejected');
    }
    const isConflict = code === 'MVCC_READ_CONFLICT' || code === 'PHANTOM_READ_CONFLICT';
    if (code === 'MVCC_READ_CONFLICT') this.#fabric.mvccReadConflict += 1;
    else if (code === 'PHANTOM_READ_CONFLICT') this.#fabric.phantomReadConflict += 1;
    else this.#fabric.otherInvalid += 1;
    if (!isConflict || attempt.attempt >= this.#options.retries || this.#options.signal?.aborted === true)
      return this.#end(attempt, isConflict ? 'lostToConflict' : 'failed');
    this.#retries += 1;
    this.#inFlight -= 1;
    const again = { operation: attempt.operation, attempt: attempt.attempt + 1 };
    setTimeout(
      () => {
        this.#waiting.push(again);
        this.#pump();
      },
      backoffMs(attempt.attempt, this.#options.random),
    );
    this.#pump();
  }

  #end({ operation }: Attempt, how: keyof PlainClient['endings']): void {
    this.#ended[how] += 1;
    this.#inFlight -= 1;
    this.#open -= 1;
    this.#latency.record(performance.now() - this.#startedMs - operation.atMs);
    if (this.#open === 0) this.#finished?.();
    this.#pump();
  }

  /** Number of ended operations by result so far. */
  get endings(): Readonly<{ applied: number; rejected: number; lostToConflict: number; failed: number }> {
    return this.#ended;
  }
}
