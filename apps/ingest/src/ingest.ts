import { perTransactionContract, type OperationClass, type OperationStatus } from '@medrex/contracts';
import { Admitter, type AdmittedMessage, type AdmitterOptions, type RoomPolicy } from './admit.ts';
import { NotAppended, type Appender } from './appender.ts';
import { Arrivals } from './arrivals.ts';
import { Drafter, type DrafterOptions } from './drafter.ts';
import { newGate } from './gate.ts';
import type { KnownOperation } from './known-operations.ts';
import type { ItemResult, MessageResult } from './message-result.ts';
import type { IncomingMessage } from './message/incoming-message.ts';
import { cutAtPassingProblem, isToBeTriedAgain } from './passing-problem.ts';
import { problem, type Problem } from './problem.ts';
import type { StatusNoter } from './status-noter.ts';

/** Events for metrics and logs. */
export interface IngestFacts {
  accepted(operationClass: OperationClass, operations: number): void;
  repeated(operations: number): void;
  refused(code: string, items: number): void;
}

export interface IngestOptions extends AdmitterOptions, DrafterOptions {
  readonly appender: Appender;
  readonly noter: StatusNoter;
  readonly facts: IngestFacts;
}

/** A run with its place in the order. `results` resolves when it is durable, with one result per message, and never rejects. */
export interface Submitted {
  readonly results: Promise<readonly MessageResult[]>;
}

/** The common path of all messages, from HTTP and from the intake topics: messages in, operations and results out. */
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
   * Resolves when the run has its place behind all runs submitted before; submit runs that must keep their order one after another,
   * without waiting for their results. With `policy.waits`, nothing is appended from the first message on that meets a transient
   * problem, so that no later message overtakes it when it is retried.
   */
  async submit(run: readonly IncomingMessage[], policy: RoomPolicy): Promise<Submitted> {
    const done = newGate();
    const { first, later } = this.#arrivals.claim(run, done.opened);
    const ahead = pick(run, first);
    const release = (): void => {
      this.#arrivals.release(ahead);
      done.open();
    };
    try {
      const submitted = await this.#takeIn(ahead, policy);
      const results = submitted.results.finally(release);
      return later.length === 0 ? { results } : { results: this.#afterOthers(run, first, results, later, policy) };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Processes messages that waited for another message of the same name, once the result of that one is known. */
  async #afterOthers(
    run: readonly IncomingMessage[],
    first: readonly number[],
    aheadResults: Promise<readonly MessageResult[]>,
    later: readonly number[],
    policy: RoomPolicy,
  ): Promise<readonly MessageResult[]> {
    const ahead = await aheadResults;
    const rest = pick(run, later);
    const behind =
      policy.waits && ahead.some(isToBeTriedAgain)
        ? rest.map((message) => this.#refuse(message, problem('NOT_TRIED')))
        : await this.#resubmit(rest, policy);
    const results = new Array<MessageResult>(run.length);
    ahead.forEach((result, index) => (results[first[index] ?? 0] = result));
    behind.forEach((result, index) => (results[later[index] ?? 0] = result));
    return results;
  }

  async #resubmit(rest: readonly IncomingMessage[], policy: RoomPolicy): Promise<readonly MessageResult[]> {
    await Promise.all(rest.map(({ opId }) => this.#arrivals.settled(opId)));
    const submitted = await this.submit(rest, policy);
    return submitted.results;
  }

  async #takeIn(run: readonly IncomingMessage[], policy: RoomPolicy): Promise<Submitted> {
    const closed = this.#closedDoor();
    if (closed !== undefined) return { results: Promise.resolve(run.map((message) => this.#refuse(message, closed))) };
    const drafted = await this.#drafter.draft(run);
    const parts: Promise<readonly MessageResult[]>[] = [];
    for (let rest = policy.waits ? cutAtPassingProblem(drafted) : drafted; rest.length > 0;) {
      const admission = await this.#admitter.admit(rest, policy);
      parts.push(this.#append(admission.admitted));
      rest = admission.rest;
    }
    return { results: Promise.all(parts).then((results) => results.flat()) };
  }

  #closedDoor(): Problem | undefined {
    const { appender } = this.#options;
    if (appender.isHalted) return problem('LOG_MADE_ANEW');
    return appender.hasRoom ? undefined : problem('LOG_UNAVAILABLE', { retryAfterS: 5 });
  }

  async #append(admitted: readonly AdmittedMessage[]): Promise<readonly MessageResult[]> {
    const { appender, noter } = this.#options;
    let seqs: readonly number[];
    try {
      seqs = await appender.append(admitted.flatMap(({ routed }) => routed));
    } catch (error) {
      return admitted.map((one) => this.#giveUp(one, error));
    }
    let at = 0;
    const rows: OperationStatus[] = [];
    const results = admitted.map((one) => {
      const result = this.#settle(one, seqs.slice(at, at + one.routed.length), rows);
      at += one.routed.length;
      return result;
    });
    await noter.note(rows);
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
      known.note(operation);
      rows.push({ opId: item.opId, sourceHash: digest, state: 'pending', seq, acceptedAtMs });
      facts.accepted(item.class, 1);
      return { kind: 'accepted', item: item.item, operation };
    });
    span?.end();
    return this.#result(message, items, admitted.problem);
  }

  /** Refuses the drafts of a message that was not appended, or may not have been. It is no longer live here; its repeat gets the receipt. */
  #giveUp(admitted: AdmittedMessage, error: unknown): MessageResult {
    const { admission, live, nowMs } = this.#options;
    const { message, items, routed, span } = admitted;
    const isHalted = error instanceof NotAppended && error.reason === 'halted';
    const why = isHalted ? problem('LOG_MADE_ANEW') : problem('STOPPING', { retryAfterS: 5 });
    for (const item of items) if (item.kind === 'draft') live.remove({ opId: item.opId, digest: message.digest });
    admission.settle(routed.length, nowMs());
    span?.end();
    const refused = items.map((item): ItemResult =>
      item.kind === 'draft' ? { kind: 'refused', item: item.item, problem: why } : item,
    );
    return this.#result(message, refused, admitted.problem);
  }

  #refuse(message: IncomingMessage, why: Problem): MessageResult {
    return this.#result(message, [], why);
  }

  #result(message: IncomingMessage, items: readonly ItemResult[], whole: Problem | undefined): MessageResult {
    const { source, id, isIdDerived, digest, place } = message;
    this.#count(items, whole);
    return {
      source,
      id,
      isIdDerived,
      digest,
      items,
      ...(place !== undefined && { place }),
      ...(whole !== undefined && { problem: whole }),
    };
  }

  #count(items: readonly ItemResult[], whole: Problem | undefined): void {
    const { facts } = this.#options;
    if (whole !== undefined) facts.refused(whole.code, 1);
    for (const item of items) {
      if (item.kind === 'repeat') facts.repeated(1);
      else if (item.kind === 'refused') facts.refused(item.problem.code, 1);
    }
  }
}

function pick<T>(list: readonly T[], indexes: readonly number[]): readonly T[] {
  return indexes.length === list.length ? list : indexes.map((index) => list[index] as T);
}
