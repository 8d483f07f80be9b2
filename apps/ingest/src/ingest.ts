import type { OperationClass, OperationStatus } from '@medrex/contracts';
import {
  Admitter,
  type AdmittedMessage,
  type AdmitterOptions,
  type DraftedItem,
  type DraftedMessage,
  type RoomPolicy,
} from './admit.ts';
import { NotAppended, type Appender } from './appender.ts';
import { Arrivals } from './arrivals.ts';
import { newGate } from './gate.ts';
import { consider, idReused, type ConsiderOptions } from './consider.ts';
import type { KnownOperation, KnownOperations } from './known-operations.ts';
import { problemsOf, type ItemResult, type MessageResult } from './message-result.ts';
import type { IncomingMessage } from './message/incoming-message.ts';
import { problem, type Problem } from './problem.ts';
import type { StatusNoter } from './status-noter.ts';
import { itemId, type Draft, type RefusedItem } from './translation/draft.ts';
import type { Translator } from './translation/translator.ts';

/** What happened, for metrics. */
export interface IngestFacts {
  accepted(operationClass: OperationClass, operations: number): void;
  repeated(operations: number): void;
  refused(code: string, items: number): void;
}

export interface IngestOptions extends AdmitterOptions {
  readonly identityKey: Uint8Array;
  readonly translator: Translator;
  readonly appender: Appender;
  readonly known: KnownOperations;
  readonly noter: StatusNoter;
  readonly facts: IngestFacts;
  readonly dedupeWindowMs: number;
}

/** A run that has its place in the order; `results` settles when it is durable, one per message, and never rejects. */
export interface Submitted {
  readonly results: Promise<readonly MessageResult[]>;
}

/** Messages in; operations and what became of each message out: the path that everything takes, whatever it came through. */
export class Ingest {
  readonly #options: IngestOptions;
  readonly #admitter: Admitter;
  readonly #arrivals = new Arrivals();
  readonly #considering: ConsiderOptions;

  constructor(options: IngestOptions) {
    const { identityKey, known, dedupeWindowMs } = options;
    this.#options = options;
    this.#admitter = new Admitter(options);
    this.#considering = { known, dedupeWindowMs, operationId: (message, item) => itemId(message, item, identityKey) };
  }

  /**
   * Resolves when the run has its place behind everything submitted before: runs that must keep their order are submitted one after
   * the other, without waiting for their results. With `policy.waits`, nothing of a run is appended from the first message on that
   * could not be taken for a passing reason: so nothing overtakes it when it is tried again.
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

  /** Messages whose name others were working on: by now it is known what became of those. */
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
    const drafted = await this.#draft(run);
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

  async #draft(run: readonly IncomingMessage[]): Promise<readonly DraftedMessage[]> {
    const { known, nowMs } = this.#options;
    // An id made for one HTTP request is in no store.
    const found = await known.find(
      run
        .filter((one) => !one.isIdDerived || one.place !== undefined || one.resend !== undefined)
        .map(({ opId }) => opId),
    );
    const now = nowMs();
    return Promise.all(run.map((message) => this.#draftOne(message, found.get(message.opId), now)));
  }

  async #draftOne(message: IncomingMessage, first: KnownOperation | undefined, nowMs: number): Promise<DraftedMessage> {
    const considered = consider(message, first, nowMs, this.#considering);
    if (considered.kind === 'problem') return { message, items: [], problem: considered.problem };
    if (considered.kind === 'repeat') {
      return { message, items: considered.operations.map((operation, item) => ({ kind: 'repeat', item, operation })) };
    }
    const time = message.attributes.time ?? new Date(nowMs).toISOString();
    const translated = await this.#options.translator.translate(message, time);
    if ('problem' in translated) return { message, items: [], problem: translated.problem };
    return { message, items: await this.#withoutRepeats(message, translated.items, first) };
  }

  /** Of a message that was taken in part, the items that came before. @param first what is known of item 0. */
  async #withoutRepeats(
    message: IncomingMessage,
    items: readonly (Draft | RefusedItem)[],
    first: KnownOperation | undefined,
  ): Promise<readonly DraftedItem[]> {
    if (first === undefined && items.length === 1) return items;
    const further = items.flatMap((item) => (item.kind === 'draft' && item.opId !== message.opId ? [item.opId] : []));
    const known = further.length === 0 ? undefined : await this.#options.known.find(further);
    return items.map((item) => {
      if (item.kind === 'refused') return item;
      const before = item.opId === message.opId ? first : known?.get(item.opId);
      if (before === undefined) return item;
      if (before.digest === message.digest) return { kind: 'repeat', item: item.item, operation: before };
      return { kind: 'refused', item: item.item, problem: idReused(before, message.digest) };
    });
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
      const operation: KnownOperation = { opId: item.opId, digest, seq, acceptedAtMs, ...counted };
      known.note(operation);
      rows.push({ opId: item.opId, sourceHash: digest, state: 'pending', seq, acceptedAtMs });
      facts.accepted(item.class, 1);
      return { kind: 'accepted', item: item.item, operation };
    });
    span?.end();
    return this.#result(message, items, admitted.problem);
  }

  /** What was not appended is not live; what is not known to have been appended is answered by the same message coming again. */
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

/** Passing problems are ours (the vault, the log): a message that meets one is tried again, and what stands behind it waits for it. */
function isPassing(value: Problem): boolean {
  return value.status === 503;
}

/** Whether an intake topic must bring this message again before it goes on. */
export function isToBeTriedAgain(result: MessageResult): boolean {
  return problemsOf(result).some(isPassing);
}

function cutAtPassingProblem(run: readonly DraftedMessage[]): readonly DraftedMessage[] {
  const end = run.findIndex(({ problem: whole, items }) => {
    return (
      (whole !== undefined && isPassing(whole)) ||
      items.some((item) => item.kind === 'refused' && isPassing(item.problem))
    );
  });
  if (end < 0) return run;
  return [
    ...run.slice(0, end),
    ...run
      .slice(end)
      .map(({ message, problem: whole }) => ({ message, items: [], problem: whole ?? problem('NOT_TRIED') })),
  ];
}
