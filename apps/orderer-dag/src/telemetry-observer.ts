import { isCodedError } from '@medrex/coded-error';
import type { OperationOutcome } from '@medrex/contracts';
import { isSampled, type Fields, type MetricHandles, type Span, type Telemetry } from '@medrex/telemetry';
import type { ChannelObserver, LeadReason, ReturnReason, RetriedStep } from './channel-observer.ts';
import type { Flight } from './flight.ts';
import type { ordererMetrics } from './metrics.ts';

/** Handles of the metrics of orderer-dag. */
export type OrdererMetrics = MetricHandles<typeof ordererMetrics>;

/** Whether to log the nth consecutive failure of a step: at powers of two. */
const isLogged = (failures: number): boolean => (failures & (failures - 1)) === 0;

/** Counts, times, logs and traces the events of a channel. Writes no log line per operation. */
export class TelemetryObserver implements ChannelObserver {
  readonly #telemetry: Telemetry;
  readonly #metrics: OrdererMetrics;
  readonly #channel: string;
  readonly #spans = new Map<Flight, Span>();
  /** Traceparents of the fusion spans, kept even when the block arrives before the acknowledgement. */
  readonly #fused = new WeakMap<Flight, string>();
  /** When sampled operations were returned to their queues, epoch ms; their next plan span starts there. */
  readonly #returnedAt = new WeakMap<Flight['operations'][number], number>();
  #hanging = 0;

  constructor(telemetry: Telemetry, metrics: OrdererMetrics, channel: string) {
    this.#telemetry = telemetry;
    this.#metrics = metrics;
    this.#channel = channel;
  }

  waits(generation: number): void {
    this.#telemetry.log.info(
      { channel: this.#channel, generation },
      'another orderer-dag leads the channel; this one is a standby',
    );
  }

  leads(generation: number, reason: LeadReason): void {
    const fields = { channel: this.#channel, generation, reason };
    if (reason === 'silence')
      this.#telemetry.log.warn(fields, 'the leader of the channel has fallen silent; this orderer-dag leads now');
    else this.#telemetry.log.info(fields, 'this orderer-dag leads the channel');
  }

  handedOver(generation: number): void {
    this.#telemetry.log.info({ channel: this.#channel, generation }, 'this orderer-dag has handed over the channel');
  }

  admitted(operations: number): void {
    this.#metrics.admitted.inc(operations);
  }

  started(flight: Flight): void {
    const { operations, start } = flight;
    this.#metrics.fusionOperations.observe(operations.length);
    const oldest = operations.reduce((ms, { admittedAtMs }) => Math.min(ms, admittedAtMs), start.startedMs);
    this.#metrics.queueSeconds.observe((start.startedMs - oldest) / 1_000);
    const sampled = operations
      .filter(({ traceparent }) => isSampled(traceparent))
      .map(({ traceparent }) => traceparent);
    if (sampled.length === 0) return;
    const attributes = { channel: this.#channel, txId: flight.txId, operations: operations.length };
    // The first trace is the parent; some viewers would show a link to it instead.
    const [parent, ...links] = sampled;
    const startedAtMs = start.startedMs;
    const span = this.#telemetry.tracing.startSpan('orderer-dag fuse', { parent, links, attributes, startedAtMs });
    this.#spans.set(flight, span);
    this.#fused.set(flight, span.traceparent);
    this.#planned(flight);
  }

  endorsed(flight: Flight): void {
    this.#metrics.endorseSeconds.observe(flight.endorseMs / 1_000);
    this.#spans.get(flight)?.set({ endorseMs: flight.endorseMs });
    this.#step(flight, 'orderer-dag endorse', flight.start.startedMs);
  }

  sent(flight: Flight): void {
    this.#spans.get(flight)?.set({ state: flight.state });
  }

  acknowledged(flight: Flight): void {
    this.#step(flight, 'orderer-dag submit', flight.sentMs);
  }

  validated(flight: Flight, code: Parameters<ChannelObserver['validated']>[1], commitMs: number): void {
    this.#metrics.transactions.inc({ code });
    this.#metrics.commitSeconds.observe(commitMs / 1_000);
    this.#spans.get(flight)?.set({ code, commitMs });
    this.#step(flight, 'orderer-dag commit', flight.sentMs, { code });
  }

  settled(flight: Flight, outcomes: readonly OperationOutcome[]): void {
    const ends = new Map<string, number>();
    outcomes.forEach(({ status }, at) => {
      const end = `${status} ${flight.operations[at]?.class ?? 'audit'}`;
      ends.set(end, (ends.get(end) ?? 0) + 1);
    });
    for (const [end, count] of ends) {
      const [status, operationClass] = end.split(' ') as [
        OperationOutcome['status'],
        Flight['operations'][number]['class'],
      ];
      this.#metrics.operations.inc({ end: status, class: operationClass }, count);
    }
    this.#metrics.repeats.inc(outcomes.filter(({ txId }) => txId !== flight.txId).length);
    this.#metrics.mispredictions.inc(outcomes.filter(({ undeclared }) => undeclared !== undefined).length);
    this.#trace(flight, outcomes);
  }

  settledLate(): void {
    this.#metrics.late.inc();
  }

  returned(
    flight: Flight,
    reason: ReturnReason,
    { error, widened = 0 }: { readonly error?: unknown; readonly widened?: number } = {},
  ): void {
    this.#metrics.returned.inc({ reason });
    this.#metrics.widenings.inc(widened);
    const fields = { channel: this.#channel, txId: flight.txId, reason, operations: flight.operations.length };
    if (reason === 'own') this.#telemetry.log.error(fields, 'two of our own envelopes conflicted on a key');
    else if (reason === 'suspect')
      this.#telemetry.log.warn({ ...fields, error }, 'a fusion failed on a working channel; it is halved');
    else if (reason === 'unknown')
      this.#telemetry.log.warn({ ...fields, error }, 'an envelope is in no block; its operations are planned again');
    else this.#telemetry.log.debug({ ...fields, widened }, 'a fusion was returned to the queues');
    for (const one of flight.operations) if (isSampled(one.traceparent)) this.#returnedAt.set(one, Date.now());
    this.#end(flight, error ?? new Error(reason));
  }

  closing(seq: number, reason: Parameters<ChannelObserver['closing']>[1]): void {
    this.#metrics.closings.inc({ reason });
    this.#telemetry.log.warn(
      { channel: this.#channel, seq, code: reason },
      'an operation is given up and closed at its place in the order',
    );
  }

  probed(hasPassed: boolean): void {
    this.#metrics.probes.inc({ result: hasPassed ? 'passed' : 'failed' });
  }

  opened(reason: Parameters<ChannelObserver['opened']>[0], error: unknown): void {
    const message = 'nothing is sent to the channel until a probe passes';
    if (reason === 'probe-failed') this.#telemetry.log.error({ channel: this.#channel, reason, error }, message);
    else
      this.#telemetry.log.error(
        { channel: this.#channel, reason, error },
        'the contract on the channel lacks a template version of the log; waiting for the upgrade',
      );
  }

  closed(openMs: number): void {
    this.#telemetry.log.info({ channel: this.#channel, elapsedMs: openMs }, 'operations are sent to the channel again');
  }

  stopped(error: unknown): void {
    this.#telemetry.log.error(
      { channel: this.#channel, error },
      'the channel is stopped until an operator acts; nothing is sent or dead-lettered',
    );
  }

  stepFailed(step: RetriedStep, error: unknown, failures: number): void {
    this.#metrics.troubles.inc({ step });
    if (!isLogged(failures)) return;
    const fields = { channel: this.#channel, stage: step, tries: failures, error };
    const isPermanent = isCodedError(error) && !error.retryable;
    if (isPermanent || failures >= 8) this.#telemetry.log.error(fields, 'a step keeps failing; it is retried');
    else this.#telemetry.log.warn(fields, 'a step failed; it is retried');
  }

  predicted(isRight: boolean): void {
    this.#metrics.predictions.inc({ result: isRight ? 'right' : 'wrong' });
  }

  foreignWrites(keys: number): void {
    this.#metrics.foreignWrites.inc(keys);
  }

  hanging(operations: number): void {
    const fields = { channel: this.#channel, overdue: operations };
    if (operations > 0 && this.#hanging === 0) {
      this.#telemetry.log.error(
        fields,
        'operations have been ready for a third of the time after which they are closed',
      );
    }
    this.#hanging = operations;
  }

  /** Operations that have been ready for a third of the limit, at the last check. */
  get hangingOperations(): number {
    return this.#hanging;
  }

  /** Writes a span for each sampled operation: its wait for earlier operations and for its fusion. */
  #planned({ operations, txId, start }: Flight): void {
    for (const one of operations) {
      if (!isSampled(one.traceparent)) continue;
      const startedAtMs = this.#returnedAt.get(one) ?? one.admittedAtMs;
      const attributes = { channel: this.#channel, seq: one.seq, opId: one.opId, txId };
      this.#telemetry.tracing
        .startSpan('orderer-dag plan', { parent: one.traceparent, attributes, startedAtMs })
        .end(Math.max(start.startedMs, startedAtMs));
    }
  }

  /** Writes the span of a finished step of a fusion, as a child of the fusion span. */
  #step(
    flight: Flight,
    name: 'orderer-dag endorse' | 'orderer-dag submit' | 'orderer-dag commit',
    startedAtMs: number,
    attributes: Fields = {},
  ): void {
    const parent = this.#fused.get(flight);
    if (parent === undefined) return;
    this.#telemetry.tracing
      .startSpan(name, {
        parent,
        kind: 'client',
        attributes: { ...attributes, channel: this.#channel, txId: flight.txId },
        startedAtMs,
      })
      .end();
  }

  /** Writes a span for each sampled operation in its own trace, and ends the fusion span. */
  #trace(flight: Flight, outcomes: readonly OperationOutcome[]): void {
    const span = this.#spans.get(flight);
    if (span === undefined) return;
    outcomes.forEach(({ seq, opId, code, txId, traceparent }, at) => {
      if (!isSampled(traceparent)) return;
      const startedAtMs = flight.operations[at]?.admittedAtMs;
      const attributes = { channel: this.#channel, seq, opId, code, txId };
      const links = [span.traceparent];
      this.#telemetry.tracing
        .startSpan('orderer-dag carry', {
          parent: traceparent,
          links,
          attributes,
          ...(startedAtMs !== undefined && { startedAtMs }),
        })
        .end();
    });
    this.#end(flight);
  }

  #end(flight: Flight, error?: unknown): void {
    const span = this.#spans.get(flight);
    if (error !== undefined) span?.fail(error);
    span?.end();
    this.#spans.delete(flight);
  }
}
