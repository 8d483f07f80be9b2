import { perTransactionContract, type OperationClass, type OperationStatus } from '@medrex/contracts';
import { Admitter, type AdmittedMessage, type AdmitterOptions, type RoomPolicy } from './admit.ts';
import { NotAppended, type Appender } from './appender.ts';
import { Arrivals } from './arrivals.ts';
import { Drafter, type DrafterOptions } from './drafter.ts';
import { newGate } from './gate.ts';
import type { KnownOperation } from './known-operations.ts';
import type { ItemResult, MessageResult } from './message-result.ts';
import type { IncomingMessage } from './message/incoming-message.ts';
import { upToTransientProblem, mustBeRetried } from './transient-problem.ts';
import { problem, type Problem } from './problem.ts';
import type { StatusRecorder } from './status-recorder.ts';

/** Events for metrics and logs. */
export interface IngestFacts {
  accepted(operationClass: OperationClass, operations: number): void;
  repeated(operations: number): void;
  refused(code: string, items: number): void;
}

export interface IngestOptions extends AdmitterOptions, DrafterOptions {
  readonly appender: Appender;
  readonly statusRecorder: StatusRecorder;
  readonly facts: IngestFacts;
}

/** A run with its place in the order. `results` resolves when it is durable, with one result per message, and never rejects. */
export interface Submitted {
  readonly results: Promise<readonly MessageResult[]>;
}

/**
 * Accepts all messages, from HTTP and from the intake topics: translates, admits and appends them, and returns a result
 * for each.
 */
export class Ingest {
  readonly #options: IngestOptions;
  readonly #admitter: Admitter;
  readonly #arrivals = new Arrivals();
  readonly #drafter: Drafter;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#admitter = new Admitter(options);
    this.#drafter = new Drafter(options);
  }

  /**
   * Resolves when the run has its place after all runs submitted before. Runs that must keep their order are submitted
   * one after another, without waiting for their results. With `policy.waits`, nothing is appended from the first
   * message on that has a transient problem, so that no later message overtakes it when it is retried.
   */
  async submit(run: readonly IncomingMessage[], policy: RoomPolicy): Promise<Submitted> {
    const done = newGate();
    const { first, later } = this.#arrivals.claim(run, done.opened);
    const firstMessages = pick(run, first);
    const release = (): void => {
      this.#arrivals.release(firstMessages);
      done.open();
    };
    try {
      const submitted = await this.#process(firstMessages, policy);
      const results = submitted.results.finally(release);
      return later.length === 0 ? { results } : { results: this.#processLater(run, first, results, later, policy) };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Processes messages that waited for another message of the same name, once the result of that one is known. */
  async #processLater(
    run: readonly IncomingMessage[],
    first: readonly number[],
    firstResults: Promise<readonly MessageResult[]>,
    later: readonly number[],
    policy: RoomPolicy,
  ): Promise<readonly MessageResult[]> {
    const firstMessages = await firstResults;
    const rest = pick(run, later);
    const laterResults =
      policy.waits && firstMessages.some(mustBeRetried)
        ? rest.map((message) => this.#refuse(message, problem('NOT_TRIED')))
        : await this.#resubmit(rest, policy);
    const results = new Array<MessageResult>(run.length);
    firstMessages.forEach((result, index) => (results[first[index] ?? 0] = result));
    laterResults.forEach((result, index) => (results[later[index] ?? 0] = result));
    return results;
  }

  async #resubmit(rest: readonly IncomingMessage[], policy: RoomPolicy): Promise<readonly MessageResult[]> {
    await Promise.all(rest.map(({ opId }) => this.#arrivals.settled(opId)));
    const submitted = await this.submit(rest, policy);
    return submitted.results;
  }

  async #process(run: readonly IncomingMessage[], policy: RoomPolicy): Promise<Submitted> {
    const reason = this.#reasonNotToAppend();
    if (reason !== undefined) return { results: Promise.resolve(run.map((message) => this.#refuse(message, reason))) };
    const drafted = await this.#drafter.draft(run);
    const parts: Promise<readonly MessageResult[]>[] = [];
    for (let rest = policy.waits ? upToTransientProblem(drafted) : drafted; rest.length > 0;) {
      const admission = await this.#admitter.admit(rest, policy);
      parts.push(this.#append(admission.admitted));
      rest = admission.rest;
    }
    return { results: Promise.all(parts).then((results) => results.flat()) };
  }

  #reasonNotToAppend(): Problem | undefined {
    const { appender } = this.#options;
    if (appender.isHalted) return problem('LOG_MADE_ANEW');
    return appender.hasRoom ? undefined : problem('LOG_UNAVAILABLE', { retryAfterS: 5 });
  }

  async #append(admitted: readonly AdmittedMessage[]): Promise<readonly MessageResult[]> {
    const { appender, statusRecorder } = this.#options;
    let seqs: readonly number[];
    try {
      seqs = await appender.append(admitted.flatMap(({ routed }) => routed));
    } catch (error) {
      return admitted.map((one) => this.#refuseNotAppended(one, error));
    }
    let at = 0;
    const rows: OperationStatus[] = [];
    const results = admitted.map((one) => {
      const result = this.#settle(one, seqs.slice(at, at + one.routed.length), rows);
      at += one.routed.length;
      return result;
    });
    await statusRecorder.record(rows);
    return results;
  }

  #settle(admitted: AdmittedMessage, seqs: readonly number[], rows: OperationStatus[]): MessageResult {
    const { known, facts } = this.#options;
    const { message, acceptedAtMs, span } = admitted;
    const { digest } = message;
    const isWhole = admitted.routed.length === admitted.items.length;
    let at = 0;
    const items = admitted.items.map((item): ItemResult => {
      if (item.kind !== 'draft') return item;
      const seq = seqs[at++];
      const counted = item.item === 0 && isWhole ? { items: admitted.items.length } : {};
      const call = item.contract === perTransactionContract ? ({ isCall: true } as const) : {};
      const operation: KnownOperation = { opId: item.opId, digest, seq, acceptedAtMs, ...counted, ...call };
      known.add(operation);
      rows.push({ opId: item.opId, sourceHash: digest, state: 'pending', seq, acceptedAtMs });
      facts.accepted(item.class, 1);
      return { kind: 'accepted', item: item.item, operation };
    });
    span?.end();
    return this.#result(message, items, admitted.problem);
  }

  /**
   * Refuses the drafts of a message whose append failed or whose result is unknown. If it was stored after all, a
   * repeat gets its receipt.
   */
  #refuseNotAppended(admitted: AdmittedMessage, error: unknown): MessageResult {
    const { admission, live, nowMs } = this.#options;
    const { message, items, routed, span } = admitted;
    const isHalted = error instanceof NotAppended && error.reason === 'halted';
    const reason = isHalted ? problem('LOG_MADE_ANEW') : problem('STOPPING', { retryAfterS: 5 });
    for (const item of items) if (item.kind === 'draft') live.remove({ opId: item.opId, digest: message.digest });
    admission.settle(routed.length, nowMs());
    span?.end();
    const refused = items.map((item): ItemResult =>
      item.kind === 'draft' ? { kind: 'refused', item: item.item, problem: reason } : item,
    );
    return this.#result(message, refused, admitted.problem);
  }

  #refuse(message: IncomingMessage, reason: Problem): MessageResult {
    return this.#result(message, [], reason);
  }

  #result(message: IncomingMessage, items: readonly ItemResult[], messageProblem: Problem | undefined): MessageResult {
    const { source, id, isIdDerived, digest, place } = message;
    this.#count(items, messageProblem);
    return {
      source,
      id,
      isIdDerived,
      digest,
      items,
      ...(place !== undefined && { place }),
      ...(messageProblem !== undefined && { problem: messageProblem }),
    };
  }

  #count(items: readonly ItemResult[], messageProblem: Problem | undefined): void {
    const { facts } = this.#options;
    if (messageProblem !== undefined) facts.refused(messageProblem.code, 1);
    for (const item of items) {
      if (item.kind === 'repeat') facts.repeated(1);
      else if (item.kind === 'refused') facts.refused(item.problem.code, 1);
    }
  }
}

function pick<T>(list: readonly T[], indexes: readonly number[]): readonly T[] {
  return indexes.length === list.length ? list : indexes.map((index) => list[index] as T);
}
