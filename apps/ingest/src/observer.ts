import { operationClasses, type LogRun, type OperationClass, type OperationOutcome } from '@medrex/contracts';
import { isSampled, type MetricHandles, type Telemetry } from '@medrex/telemetry';
import type { AcceptSpan } from './admit.ts';
import type { ChannelState } from './channel-state.ts';
import type { OutcomeFeed } from './http/outcome-feed.ts';
import type { IngestFacts } from './ingest.ts';
import {
  authorVerdicts,
  ingestMetrics,
  otherCode,
  refusalCodes,
  type AuthorVerdict,
  type Transport,
} from './metrics.ts';
import type { SettledOperation } from './outcome-projection.ts';
import type { Problem } from './problem.ts';
import type { Pruned } from './record-pruner.ts';
import { intakeTransport, type IntakeTopic } from './intake-topics.ts';

const knownCodes = new Set(refusalCodes);
const quietMs = 5_000;

/** Turns events of ingest into metrics, log lines and spans. Of messages it only gets codes and counts. */
export class IngestObserver implements IngestFacts {
  readonly #telemetry: Telemetry;
  readonly #metrics: MetricHandles<typeof ingestMetrics>;
  /** When a line of each kind was last written, to limit the rate of repeated lines. */
  readonly #lastLoggedMs = new Map<string, number>();

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry;
    this.#metrics = telemetry.metrics.define(ingestMetrics);
  }

  /** Starts the span of a message, continuing the sender's trace; undefined when the trace is not sampled. */
  readonly startSpan = (parent: string | undefined): AcceptSpan | undefined => {
    const span = this.#telemetry.tracing.startSpan('ingest accept', { parent, kind: 'server' });
    return span.isSampled ? span : undefined;
  };

  received(entrance: Transport, messages: number, bytes: number): void {
    this.#metrics.messages.inc({ entrance }, messages);
    this.#metrics.bytes.inc({ entrance }, bytes);
  }

  accepted(operationClass: OperationClass, operations: number): void {
    this.#metrics.accepted.inc({ class: operationClass }, operations);
  }

  repeated(operations: number): void {
    this.#metrics.repeated.inc(operations);
  }

  refused(code: string, items: number): void {
    this.#metrics.refused.inc({ code: knownCodes.has(code) ? code : otherCode }, items);
  }

  readonly appended = ({ bytes, elapsedMs }: { readonly bytes: number; readonly elapsedMs: number }): void => {
    this.#metrics.appendSeconds.observe(elapsedMs / 1000);
    this.#metrics.appendedBytes.inc(bytes);
  };

  readonly appendFailed = (error: unknown, attempt: number): void => {
    this.#metrics.appendFailures.inc();
    if (this.#mayLog('append'))
      this.#telemetry.log.warn({ error, attempt }, 'append failed; the same operations are retried');
  };

  readonly halted = ({ offset, lowWaterMark }: { readonly offset: number; readonly lowWaterMark: number }): void => {
    this.#metrics.halted.set(1);
    this.#telemetry.log.error(
      { offset, lowWaterMark },
      'operations log was recreated: no message is accepted any more',
    );
  };

  readonly statusStoreFailed = (error: unknown): void => {
    this.#metrics.statusFailures.inc();
    if (this.#mayLog('status'))
      this.#telemetry.log.warn({ error }, 'status store failed; operations are still accepted');
  };

  readonly readFailed = (error: unknown): void => {
    this.#metrics.readFailures.inc();
    if (this.#mayLog('read')) this.#telemetry.log.warn({ error }, 'reading or projecting failed; it is retried');
  };

  readonly pruned = ({ pruned, kept }: Pruned): void => {
    this.#metrics.pruned.inc({ result: 'deleted' }, pruned);
    this.#metrics.pruned.inc({ result: 'kept' }, kept);
  };

  readonly pruneFailed = (error: unknown): void => {
    this.#metrics.pruneFailures.inc();
    if (this.#mayLog('prune')) this.#telemetry.log.warn({ error }, 'pruning failed; the next pass continues there');
  };

  readonly requestFailed = (error: unknown): void => {
    this.#telemetry.log.error({ error }, 'a request failed with an internal error');
  };

  readonly mergeFailed = (error: unknown): void => {
    this.#telemetry.log.error({ error }, 'a merge on the ledger cannot be noted in the vault');
  };

  readonly translationFailed = (error: unknown): void => {
    this.#telemetry.log.error({ error }, 'a contract failed to translate a message');
  };

  readonly intakePaused = ({ code }: Problem, { topic, partition }: LogRun): void => {
    this.#metrics.intakeRetries.inc({ topic: topic as IntakeTopic });
    if (this.#mayLog('intake'))
      this.#telemetry.log.warn({ code, topic, partition }, 'intake partition waits and is retried');
  };

  /** Counts a run of an intake topic when it is read. */
  intakeRead(run: LogRun): void {
    const topic = run.topic as IntakeTopic;
    const bytes = run.records.reduce((sum, { value }) => sum + value.length, 0);
    this.received(intakeTransport[topic], run.records.length, bytes);
    this.#metrics.intakeLag.set({ topic }, run.endOffset - 1 - (run.records.at(-1)?.offset ?? 0));
  }

  /** @param acceptedAtMs when this process accepted an operation; undefined for those of other instances */
  settled(settled: readonly SettledOperation[], acceptedAtMs: (opId: string) => number | undefined): void {
    for (const { outcome, committedAtMs } of settled) {
      this.#metrics.outcomes.inc({ status: outcome.status });
      this.#metrics.authors.inc({ verdict: verdictOf(outcome) });
      const from = acceptedAtMs(outcome.opId);
      if (from !== undefined) this.#metrics.outcomeSeconds.observe(Math.max(0, committedAtMs - from) / 1000);
      this.#traceAnswer(outcome, committedAtMs);
    }
  }

  /** Writes the last span of an operation's trace: from its block until its outcome is projected and published. */
  #traceAnswer({ opId, seq, code, traceparent: parent }: OperationOutcome, startedAtMs: number): void {
    if (!isSampled(parent)) return;
    const attributes = { opId, seq, code };
    this.#telemetry.tracing.startSpan('ingest answer', { parent, kind: 'consumer', attributes, startedAtMs }).end();
  }

  resumed(facts: { readonly operations: number; readonly live: number; readonly lowWaterMark: number }): void {
    this.#telemetry.log.info(facts, 'operations from the low-water mark on were noted again');
  }

  /** Sets the gauges; called when the metrics are scraped. */
  gauge(
    { appender, admission, waitingRoom, statusRecorder, directory, deadLetters }: ChannelState,
    feed: OutcomeFeed,
  ): void {
    const metrics = this.#metrics;
    for (const [name, limit] of Object.entries(admission.limits))
      metrics.liveLimit.set({ class: name as OperationClass }, limit);
    let lookups = 0;
    let hits = 0;
    this.#telemetry.metrics.beforeScrape(() => {
      const statistics = directory.statistics();
      metrics.patientLookups.inc(statistics.lookups - lookups);
      metrics.patientHits.inc(statistics.hits - hits);
      ({ lookups, hits } = statistics);
      metrics.queued.set(appender.queued);
      metrics.live.set(admission.live);
      for (const one of operationClasses) metrics.waitingForRoom.set({ class: one }, admission.waitingFor(one));
      metrics.waitingRequests.set(waitingRoom.size);
      metrics.listeners.set(feed.listeners);
      metrics.unnoted.set(statusRecorder.waiting);
      metrics.deadLetters.set(deadLetters.operations);
      metrics.refusedMessages.set(deadLetters.messages);
    });
  }

  #mayLog(kind: string): boolean {
    const now = Date.now();
    if (now - (this.#lastLoggedMs.get(kind) ?? 0) < quietMs) return false;
    this.#lastLoggedMs.set(kind, now);
    return true;
  }
}

function verdictOf({ author, code }: OperationOutcome): AuthorVerdict {
  if (author !== undefined) return 'signed';
  return authorVerdicts.find((verdict) => verdict === code) ?? 'attested';
}
