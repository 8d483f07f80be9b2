import { PacedCommit, type EventLog, type LogRun, type StartPosition, type Subscription } from '@medrex/contracts';
import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { nestError } from './errors.ts';
import { RunContext } from './run-context.ts';

/** Options of a handler besides its topic. */
export interface HandlerExtras {
  readonly group: string;
  readonly maxRecords?: number;
  readonly maxBytes?: number;
  /** For a handler that may be late: see `Subscribe.paceMs`. */
  readonly paceMs?: number;
}

export interface EventLogStrategyOptions {
  readonly log: EventLog;
  /** Partitions that this process reads; all partitions of a topic when absent. */
  readonly partitions?: readonly number[];
  /**
   * Start position of a topic; 'committed' when absent. Called once for each configured partition, or once without a
   * partition.
   */
  readonly from?: (topic: string, partition: number | undefined) => StartPosition;
  /** Called for every failure of a handler; the same run is then delivered again with increasing delays. */
  readonly onError?: (error: unknown, run: LogRun) => void;
  /**
   * Called when a topic could not be read. Reading is retried, except after OFFSET_OUT_OF_RANGE: then nothing more is
   * delivered, and the service should end. Without this function that error ends the process.
   */
  readonly onReadError?: (error: unknown, topic: string) => void;
}

export type StrategyStatus = 'starting' | 'reading' | 'closed';

/**
 * Nest transport on the EventLog port. A handler (`@OnRuns(topic, { group })`) gets whole runs of records with their
 * offsets and a `RunContext`. The next run of a partition is delivered when its promise has resolved, which gives
 * back-pressure. If it rejects, it gets the same run again after the log's backoff. The transport commits nothing by
 * itself.
 */
export class EventLogStrategy
  extends Server<Record<string, () => void>, StrategyStatus>
  implements CustomTransportStrategy
{
  override readonly propagatesEventHandlerErrors = true;
  readonly #options: EventLogStrategyOptions;
  // Commits by topic and partition.
  readonly #commits = new Map<string, PacedCommit>();
  readonly #subscriptions: { readonly topic: string; readonly subscription: Subscription }[] = [];

  constructor(options: EventLogStrategyOptions) {
    super();
    this.#options = options;
    this._status$.next('starting');
  }

  listen(callback: (error?: unknown) => void): void {
    this.#subscribeAll().then(
      () => {
        this._status$.next('reading');
        callback();
      },
      (error: unknown) => callback(error),
    );
  }

  /** Stops reading, waits for runs in progress, and closes the subscriptions; the log stays open. */
  async close(): Promise<void> {
    await Promise.all(this.#subscriptions.splice(0).map(({ subscription }) => subscription.close()));
    await Promise.all([...this.#commits.values()].map((commit) => commit.end()));
    this._status$.next('closed');
  }

  /** Stops delivering runs of a topic until `resume`. */
  pause(topic: string): void {
    for (const one of this.#subscriptions) if (one.topic === topic) one.subscription.pause();
  }

  resume(topic: string): void {
    for (const one of this.#subscriptions) if (one.topic === topic) one.subscription.resume();
  }

  on(): void {
    // The strategy has no events; its status is an observable.
  }

  unwrap(): never {
    throw nestError(
      'NOTHING_TO_UNWRAP',
      'the strategy reads through the EventLog port; there is no client below it to hand out',
    );
  }

  async #subscribeAll(): Promise<void> {
    try {
      for (const [topic, handler] of this.messageHandlers) {
        for (const partition of this.#options.partitions ?? [undefined]) {
          this.#subscriptions.push({ topic, subscription: await this.#subscribe(topic, partition, handler) });
        }
      }
    } catch (error) {
      await this.close(); // a service that could not start must not read some of its topics
      throw error;
    }
  }

  #subscribe(topic: string, partition: number | undefined, handler: MessageHandler): Promise<Subscription> {
    const { log, from, onReadError } = this.#options;
    const { group, maxRecords, maxBytes, paceMs } = extrasOf(topic, handler);
    const onError =
      onReadError && ((error: unknown, run: LogRun | undefined) => run === undefined && onReadError(error, topic));
    return log.subscribe(
      {
        group,
        topic,
        from: from?.(topic, partition) ?? { at: 'committed' },
        ...(partition !== undefined && { partitions: [partition] }),
        ...(maxRecords !== undefined && { maxRecords }),
        ...(maxBytes !== undefined && { maxBytes }),
        ...(paceMs !== undefined && { paceMs }),
        ...(onError !== undefined && { onError }),
      },
      (run) => this.#handle(handler, run, new RunContext(log, group, run, this.#pacedCommit(group, run))),
    );
  }

  #pacedCommit(group: string, { topic, partition }: LogRun): PacedCommit {
    const { log, onReadError } = this.#options;
    const name = `${topic}/${partition}`;
    const known = this.#commits.get(name);
    if (known !== undefined) return known;
    const after = (ms: number, act: () => void): void => void setTimeout(act, ms).unref();
    const onError = (error: unknown): void => onReadError?.(error, topic);
    const paced = new PacedCommit({ log, group, everyMs: 1_000, after, onError });
    this.#commits.set(name, paced);
    return paced;
  }

  async #handle(handler: MessageHandler, run: LogRun, context: RunContext): Promise<void> {
    try {
      const result: unknown = await handler(run, context);
      if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
    } catch (error) {
      this.#options.onError?.(error, run);
      throw error;
    }
  }
}

function extrasOf(topic: string, { isEventHandler, extras, next }: MessageHandler): HandlerExtras {
  // Nest would pass a run to both handlers under the group of the first, and neither could commit correctly.
  if (next !== undefined) throw nestError('HANDLER_INVALID', `${topic} has two handlers in one service`);
  const group: unknown = extras?.['group'];
  if (isEventHandler !== true || typeof group !== 'string') {
    throw nestError('HANDLER_INVALID', `the handler of ${topic} must be declared by @OnRuns(topic, { group })`);
  }
  return extras as HandlerExtras;
}
