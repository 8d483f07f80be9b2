import {
  outcomesCodec,
  topics,
  type EventLog,
  type LogRun,
  type OperationOutcome,
  type Subscription,
} from '@medrex/contracts';
import type { CallAnswers } from '../calls/call-answers.ts';
import type { MessageName } from '../message-name.ts';
import type { SettledOperation } from '../outcome-projection.ts';
import { isBehind, isWanted, outcomeEvent, type EventPlace, type OutcomeFilter } from './outcome-event.ts';

/** Destination of events: one HTTP response. */
export interface EventSink {
  write(text: string): void;
  /** Bytes written but not yet sent. */
  readonly waitingBytes: number;
  end(): void;
}

export interface OutcomeFeedOptions {
  readonly log: Pick<EventLog, 'subscribe' | 'bounds'>;
  readonly partition: number;
  /** Prefix of the names of the consumer groups. */
  readonly group: string;
  readonly listenersMax: number;
  readonly nameOf: (outcome: OperationOutcome) => MessageName | undefined;
  readonly answers: Pick<CallAnswers, 'read'>;
  readonly onError: (error: unknown) => void;
}

interface Listener {
  readonly filter: OutcomeFilter;
  readonly sink: EventSink;
  /** The last event that the listener has got. */
  last: EventPlace;
  /** Live events held back while missed events are replayed; undefined otherwise. */
  held: SettledOperation[] | undefined;
  replay: Subscription | undefined;
}

const keepAliveMs = 15_000;
/** Limit of unsent bytes per listener: about a second of events at full load. */
const waitingBytesMax = 32 * 1024 * 1024;
const heldMax = 50_000;
const replayRecords = 64;

/**
 * Streams outcomes to listeners over HTTP. A listener that reconnects with a Last-Event-ID first gets the events it missed, read from
 * the log. A listener that is too slow is disconnected; it loses nothing, as it can reconnect with its last id.
 */
export class OutcomeFeed {
  readonly #options: OutcomeFeedOptions;
  readonly #listeners = new Set<Listener>();
  readonly #keepAlive: NodeJS.Timeout;
  #publishedUpTo: EventPlace = { offset: -1, index: Infinity };
  #groups = 0;

  constructor(options: OutcomeFeedOptions) {
    this.#options = options;
    this.#keepAlive = setInterval(() => this.#sendAll(': still here\n\n'), keepAliveMs).unref();
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  get hasRoom(): boolean {
    return this.#listeners.size < this.#options.listenersMax;
  }

  publish(settled: readonly SettledOperation[]): void {
    const last = settled.at(-1);
    if (last === undefined) return;
    this.#publishedUpTo = { offset: last.offset, index: last.index };
    for (const listener of this.#listeners) {
      if (listener.held === undefined) this.#send(listener, settled);
      else if (listener.held.length + settled.length > heldMax) this.#drop(listener);
      else listener.held.push(...settled);
    }
  }

  /** Starts a stream. @param lastSeen the last event that the listener has seen @returns a function that ends the stream */
  async listen(filter: OutcomeFilter, sink: EventSink, lastSeen: EventPlace | undefined): Promise<() => void> {
    const since = await this.#seen(lastSeen, sink);
    const isCurrent = since === undefined || !isBehind(this.#publishedUpTo, since);
    const listener: Listener = {
      filter,
      sink,
      last: since ?? this.#publishedUpTo,
      held: isCurrent ? undefined : [],
      replay: undefined,
    };
    this.#listeners.add(listener);
    if (!isCurrent) await this.#replay(listener);
    return () => this.#drop(listener);
  }

  close(): void {
    clearInterval(this.#keepAlive);
    for (const listener of [...this.#listeners]) this.#drop(listener);
  }

  /** An event beyond the end of the log is of a log that was recreated since; then the listener only gets new events. */
  async #seen(lastSeen: EventPlace | undefined, sink: EventSink): Promise<EventPlace | undefined> {
    if (lastSeen === undefined) return undefined;
    const { end } = await this.#options.log.bounds(topics.outcomes, this.#options.partition);
    if (lastSeen.offset < end) return lastSeen;
    sink.write(gapEvent);
    return undefined;
  }

  async #replay(listener: Listener): Promise<void> {
    const { log, partition, group, onError } = this.#options;
    const { start } = await log.bounds(topics.outcomes, partition);
    if (listener.last.offset < start) listener.sink.write(gapEvent);
    this.#groups += 1;
    const from = { at: 'offset', offset: Math.max(start, listener.last.offset) } as const;
    const subscribe = {
      group: `${group}-replay-${this.#groups}`,
      topic: topics.outcomes,
      partitions: [partition],
      from,
      maxRecords: replayRecords,
      onError,
    };
    listener.replay = await log.subscribe(subscribe, async (run) => this.#replayRun(listener, run));
    // The stream may have ended, or caught up, while the log was queried.
    if (!this.#listeners.has(listener) || listener.held === undefined) this.#endReplay(listener);
  }

  #replayRun(listener: Listener, run: LogRun): void {
    if (listener.held === undefined) return;
    this.#send(
      listener,
      run.records.flatMap((record) => this.#read(record.value, record.offset)),
    );
    if (isBehind(this.#publishedUpTo, { offset: run.records.at(-1)?.offset ?? 0, index: Infinity })) return;
    const { held } = listener;
    listener.held = undefined;
    this.#send(listener, held);
    this.#endReplay(listener);
  }

  #read(value: Uint8Array, offset: number): readonly SettledOperation[] {
    const { committedAtMs, outcomes } = outcomesCodec.decode(value);
    return outcomes.map((outcome, index) => ({
      outcome,
      name: this.#options.nameOf(outcome),
      isOwn: false,
      committedAtMs,
      offset,
      index,
    }));
  }

  #send(listener: Listener, settled: readonly SettledOperation[]): void {
    let text = '';
    for (const one of settled) {
      if (!isBehind(one, listener.last)) continue;
      listener.last = { offset: one.offset, index: one.index };
      if (isWanted(listener.filter, one)) text += outcomeEvent(one, this.#options.answers);
    }
    if (text !== '') this.#write(listener, text);
  }

  #sendAll(text: string): void {
    for (const listener of this.#listeners) this.#write(listener, text);
  }

  #write(listener: Listener, text: string): void {
    if (listener.sink.waitingBytes > waitingBytesMax) this.#drop(listener);
    else listener.sink.write(text);
  }

  #drop(listener: Listener): void {
    if (!this.#listeners.delete(listener)) return;
    this.#endReplay(listener);
    listener.sink.end();
  }

  /** Ends the replay without awaiting it, since the caller may be the handler of this subscription. */
  #endReplay(listener: Listener): void {
    listener.replay?.close().catch(this.#options.onError);
    listener.replay = undefined;
  }
}

const gapEvent =
  'event: gap\ndata: {"detail":"Outcomes behind the Last-Event-ID are no longer kept; query the status of each transaction."}\n\n';
