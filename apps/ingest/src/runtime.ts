import { deadLetterWindowMs, type IntakeContract } from '@medrex/contracts';
import { CallKey } from '@medrex/privacy';
import { randomUUID } from 'node:crypto';
import { CallAnswers } from './calls/call-answers.ts';
import { CallTranslator } from './calls/call-translator.ts';
import { readKeyTemplates } from './calls/key-templates.ts';
import { openChannel, type ChannelState } from './channel-state.ts';
import type { IngestConfig } from './config.ts';
import type { DeadLetters } from './dead-letters.ts';
import { FhirInteractions } from './fhir/fhir-interactions.ts';
import { BatchSubmitter } from './http/batch-submitter.ts';
import { OutcomeFeed } from './http/outcome-feed.ts';
import { Transactions } from './http/transactions.ts';
import { Ingest } from './ingest.ts';
import { Intake } from './intake.ts';
import { IntakeDelays } from './intake-delays.ts';
import { IngestObserver } from './observer.ts';
import { MergeRecorder } from './merge-recorder.ts';
import { MessageResender } from './message-resender.ts';
import { OutcomeProjection, type SettledOperation } from './outcome-projection.ts';
import type { IngestPorts } from './ports.ts';
import { RecordPruner } from './record-pruner.ts';
import type { RefusedMessages } from './refused-messages.ts';
import { Resender } from './resend.ts';
import { letterTranslator } from './translation/letter-translator.ts';
import { openTranslation, type OpenedTranslation } from './open-translation.ts';
import type { Translator } from './translation/translator.ts';
import type { TranslatorPool } from './translation/translator-pool.ts';

/** Whether messages are accepted, and why not. */
export interface Readiness {
  readonly isReady: boolean;
  readonly reasons: readonly string[];
}

/** The wired parts of ingest behind the controllers, independent of HTTP. */
export class IngestRuntime {
  readonly config: IngestConfig;
  readonly observer: IngestObserver;
  readonly transactions: Transactions;
  readonly batches: BatchSubmitter;
  readonly fhir: FhirInteractions;
  readonly feed: OutcomeFeed;
  readonly intake: Intake;
  readonly resender: Resender;
  /** Whether per-transaction mode is on. */
  readonly takesCalls: boolean;
  readonly #answers: CallAnswers;
  readonly #ports: IngestPorts;
  readonly #channel: ChannelState;
  readonly #projection: OutcomeProjection;
  readonly #pool: TranslatorPool | undefined;
  readonly #stop = new AbortController();
  readonly #pruner: RecordPruner;
  readonly #delays: IntakeDelays;
  #isReady = false;

  private constructor(
    config: IngestConfig,
    ports: IngestPorts,
    observer: IngestObserver,
    channel: ChannelState,
    translation: OpenedTranslation,
    instance: string,
  ) {
    const { nowMs = Date.now } = ports;
    const { identityKey, identifier, waitingRoom, deadLetters: letters } = channel;
    const callKey = ports.callSecret && new CallKey(ports.callSecret, config.MEDREX_CHANNEL);
    const translator = withCalls(config, channel, translation.translator, callKey);
    const ingest = newIngest(config, channel, translator, observer, nowMs);
    const limits = limitsOf(config);
    const [contract = ''] = translation.contracts.keys();
    const onRefused = (code: string): void => observer.refused(code, 1);
    this.config = config;
    this.observer = observer;
    this.#ports = ports;
    this.#channel = channel;
    this.#pool = translation.pool;
    this.takesCalls = callKey !== undefined;
    this.#answers = new CallAnswers({
      key: callKey,
      nameOf: (outcome) => this.#projection.nameOf(outcome),
      recent: (opId) => channel.known.recent(opId),
      onError: observer.readFailed,
    });
    this.transactions = new Transactions({ ...channel, ...limits, ingest, identifier, answers: this.#answers });
    this.batches = new BatchSubmitter(ingest, identifier, limits);
    this.fhir = new FhirInteractions({ ...limits, ingest, identifier, waitingRoom, contract, onRefused });
    this.resender = new Resender({
      letters,
      statuses: channel.statuses,
      vault: ports.vault,
      identityKey,
      messages: new MessageResender({ ...channel, letters, ingest, nowMs }),
      ingest: newIngest(config, channel, letterTranslator, observer, nowMs),
      tenant: channel.directory.tenant,
    });
    this.#delays = new IntakeDelays({
      receipts: channel.receipts,
      placeId: (place) => identifier.placeId(place, ''),
      retryAfterS: (operationClass) => channel.admission.retryAfterS(operationClass),
      nowMs,
      onFailure: observer.readFailed,
    });
    this.intake = new Intake({
      ...channel,
      delays: this.#delays,
      ingest,
      nowMs,
      onTransientProblem: observer.intakePaused,
      onRefused,
    });
    this.#projection = this.#newProjection(`ingest-${instance}`, nowMs, translation.contracts);
    this.feed = this.#newFeed(`ingest-${instance}`);
    observer.gauge(channel, this.feed);
    this.#pruner = this.#newPruner(nowMs);
  }

  /** Opens all parts and restores operations accepted by earlier processes. Accepts no messages yet. */
  static async start(config: IngestConfig, ports: IngestPorts): Promise<IngestRuntime> {
    const observer = new IngestObserver(ports.telemetry);
    const instance = randomUUID();
    const channel = await openChannel(config, ports, observer, instance);
    const translation = await openTranslation(config, ports, channel, observer.translationFailed);
    const runtime = new IngestRuntime(config, ports, observer, channel, translation, instance);
    await runtime.#projection.start();
    runtime.#pruner.start();
    runtime.#delays.start();
    runtime.#isReady = true;
    return runtime;
  }

  /** Aborted when ingest stops, to end all waits. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** The dead letters of the channel. */
  get deadLetters(): DeadLetters {
    return this.#channel.deadLetters;
  }

  get refused(): RefusedMessages {
    return this.#channel.refused;
  }

  metricsText(): Promise<string> {
    return this.#ports.telemetry.metrics.text();
  }

  readiness(): Readiness {
    const { appender } = this.#channel;
    const reasons = [
      ...(this.#isReady ? [] : ['starting or stopping']),
      ...(appender.isHalted ? ['operations log was recreated'] : []),
      ...(appender.hasRoom ? [] : ['operations log does not answer']),
      ...this.#ports.log.problems(),
    ];
    return { isReady: reasons.length === 0, reasons };
  }

  /** Advised number of lines per batch; lower when there is little room, so that less is shed. */
  advisedLines(): number {
    const room = this.#channel.admission.room('audit');
    return Math.max(1, Math.min(this.config.INGEST_ADVISED_LINES, room));
  }

  /** Ends waits for room, outcomes and the vault; requests in flight continue. */
  stop(): void {
    this.#isReady = false;
    this.intake.stop();
    this.#stop.abort(new Error('ingest is stopping'));
    this.feed.close();
    this.#pruner.stop();
  }

  /** Ends the grace period: operations in flight are answered as not appended. */
  stopAppending(): void {
    this.#channel.stopAppending();
  }

  /** Closes all parts, when no more messages arrive. The ports stay open. */
  async close(): Promise<void> {
    await this.#channel.appender.close(this.config.INGEST_STOP_GRACE_MS);
    await this.#pruner.close();
    this.#delays.close();
    await this.#channel.statusRecorder.close();
    await this.#projection.close();
    await this.#channel.deadLetters.close();
    await this.#channel.progress.close();
    await this.#pool?.close();
  }

  #newProjection(
    group: string,
    nowMs: () => number,
    contracts: ReadonlyMap<string, IntakeContract>,
  ): OutcomeProjection {
    const { tenant } = this.#channel.directory;
    return new OutcomeProjection({
      ...this.#channel,
      log: this.#ports.log,
      group,
      tenant,
      merges: new MergeRecorder({ contracts, vault: this.#ports.vault, onPermanentError: this.observer.mergeFailed }),
      nowMs,
      after: (ms, act) => void setTimeout(act, ms).unref(),
      onSettled: (settled) => this.#settled(settled),
      onError: this.observer.readFailed,
    });
  }

  #newFeed(group: string): OutcomeFeed {
    return new OutcomeFeed({
      log: this.#ports.log,
      partition: this.#channel.partition,
      group,
      listenersMax: this.config.INGEST_LISTENERS_MAX,
      nameOf: (outcome) => this.#projection.nameOf(outcome),
      answers: this.#answers,
      onError: this.observer.readFailed,
    });
  }

  #newPruner(nowMs: () => number): RecordPruner {
    const channel = this.#channel;
    return new RecordPruner({
      ...channel,
      tenant: channel.directory.tenant,
      lowWaterMark: () => channel.progress.lowWaterMark,
      nowMs,
      dedupeWindowMs: this.config.INGEST_DEDUPE_WINDOW_MS,
      letterWindowMs: deadLetterWindowMs,
      marginMs: this.config.INGEST_PRUNE_MARGIN_MS,
      everyMs: this.config.INGEST_PRUNE_EVERY_MS,
      onPruned: this.observer.pruned,
      onFailure: this.observer.pruneFailed,
    });
  }

  #settled(settled: readonly SettledOperation[]): void {
    const { known, waitingRoom } = this.#channel;
    this.observer.settled(settled, (opId) => known.recent(opId)?.acceptedAtMs);
    for (const one of settled) waitingRoom.release(one);
    this.feed.publish(settled);
  }
}

function limitsOf(config: IngestConfig) {
  return {
    linesMax: config.INGEST_LINES_MAX,
    lineBytesMax: config.INGEST_OPERATION_BYTES_MAX,
    unparsedFromBytes: config.INGEST_OFFLOAD_BYTES,
    appendWaitMs: config.INGEST_APPEND_WAIT_MS,
    outcomeWaitMs: config.INGEST_OUTCOME_WAIT_MS,
  };
}

function newIngest(
  config: IngestConfig,
  channel: ChannelState,
  translator: Translator,
  observer: IngestObserver,
  nowMs: () => number,
): Ingest {
  return new Ingest({
    ...channel,
    tenant: channel.directory.tenant,
    translator,
    facts: observer,
    startSpan: observer.startSpan,
    nowMs,
    dedupeWindowMs: config.INGEST_DEDUPE_WINDOW_MS,
    roomWaitMs: config.INGEST_ROOM_WAIT_MS,
  });
}

/** A translator of calls in front of that of all other messages; without a call key the latter alone. */
function withCalls(
  config: IngestConfig,
  { identityKey }: ChannelState,
  others: Translator,
  key: CallKey | undefined,
): Translator {
  if (key === undefined) return others;
  const templates = readKeyTemplates(config.MEDREX_CALL_TEMPLATES);
  const { MEDREX_CHAINCODE: reserved, INGEST_OPERATION_BYTES_MAX: operationBytesMax } = config;
  return new CallTranslator({ identityKey, operationBytesMax, key, templates, reserved, others });
}
