import type { LogRecord, LogRun, Receipt } from '@medrex/contracts';
import { setTimeout as delay } from 'node:timers/promises';
import type { MessageIdentifier } from './identify.ts';
import type { RoomPolicy } from './admit.ts';
import type { Ingest } from './ingest.ts';
import { problemsOf, type MessageResult } from './message-result.ts';
import type { IncomingMessage } from './message/incoming-message.ts';
import { readIntakeRecord } from './message/intake-record.ts';
import { mustBeRetried } from './transient-problem.ts';
import type { Problem } from './problem.ts';
import { waitingForRoom, type IntakeDelays } from './intake-delays.ts';
import { intakeReceipt, unreadableReceipt, type ReceiptPublisher } from './receipts.ts';
import type { RefusedMessages } from './refused-messages.ts';

export interface IntakeOptions {
  readonly ingest: Ingest;
  readonly identifier: MessageIdentifier;
  readonly receipts: ReceiptPublisher;
  readonly refused: RefusedMessages;
  readonly delays: IntakeDelays;
  readonly nowMs: () => number;
  /** Called for each run that meets a transient problem and is retried. */
  readonly onTransientProblem: (problem: Problem, run: LogRun) => void;
  readonly onRefused: (code: string) => void;
  readonly retryMs?: number;
}

type Entry = { readonly message: IncomingMessage } | { readonly receipt: Receipt };

/**
 * The loop of the intake topics. A run is done when its operations, its refused messages and its receipts are durable; only then
 * may its offset be committed. An invalid message is answered with a receipt and stored in the dead letter topic, so it never blocks
 * its partition. A message that meets a transient problem is retried together with all behind it, so that their order is kept.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #stop = new AbortController();

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** @throws when stopped before the run was done; then its offset must not be committed */
  async take(run: LogRun): Promise<void> {
    const { receipts, refused, delays, nowMs } = this.#options;
    const entries = run.records.map((record) => this.#read(record));
    const results = await this.#submitAll(
      entries.flatMap((entry) => ('message' in entry ? [entry.message] : [])),
      run,
    );
    let at = 0;
    const all = entries.map((entry) =>
      'receipt' in entry ? entry.receipt : intakeReceipt(results[at++] as MessageResult, nowMs()),
    );
    await refused.keep(run.records, all);
    await receipts.publish(all);
    delays.resumed(run);
  }

  /** Aborts waits for room and retries. */
  stop(): void {
    this.#stop.abort(new Error('ingest is stopping'));
  }

  #read(record: LogRecord): Entry {
    const { identifier, nowMs, onRefused } = this.#options;
    const reading = readIntakeRecord(record, identifier);
    if (reading.kind === 'message') return reading;
    const { topic, partition, offset } = record;
    const place = { topic, partition, offset };
    onRefused(reading.problem.code);
    return { receipt: unreadableReceipt(place, identifier.placeId(place, ''), reading.problem, nowMs()) };
  }

  async #submitAll(messages: readonly IncomingMessage[], run: LogRun): Promise<readonly MessageResult[]> {
    const { ingest, delays, retryMs = 1000 } = this.#options;
    const { signal } = this.#stop;
    const policy: RoomPolicy = {
      waits: true,
      signal,
      onWaiting: ({ place }, operationClass) => place && delays.paused(place, waitingForRoom, operationClass),
    };
    const results: MessageResult[] = [];
    while (results.length < messages.length) {
      signal.throwIfAborted();
      const submitted = await ingest.submit(messages.slice(results.length), policy);
      const attempted = await submitted.results;
      const end = attempted.findIndex(mustBeRetried);
      results.push(...(end < 0 ? attempted : attempted.slice(0, end)));
      if (end < 0) break;
      this.#reportTransientProblem(attempted[end] as MessageResult, run);
      await delay(retryMs, undefined, { signal });
    }
    return results;
  }

  #reportTransientProblem(result: MessageResult, run: LogRun): void {
    const { onTransientProblem, delays } = this.#options;
    const [transient] = problemsOf(result);
    if (transient === undefined) return;
    onTransientProblem(transient, run);
    if (result.place !== undefined) delays.paused(result.place, transient.code);
  }
}
