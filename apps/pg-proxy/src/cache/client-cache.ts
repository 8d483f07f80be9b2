import {
  mentionsCurrentTime,
  type LookupKey,
  type CacheRule,
  type PendingAnswer,
  type Lookup,
  type SharedAnswers,
} from '@medrex/cache';
import { ownCopy, readyForQuery, transactionStatus, type Report } from '@medrex/pg-wire';
import type { Analysis } from '@medrex/sql';
import type { Outbox } from '../session/backend/outbox.ts';
import type { Caches } from './caches.ts';
import type { CachePlan, DatabaseCache } from './database-cache.ts';
import { Recorder, type Answer } from './recorder.ts';

/** A question that a client asks while it holds no backend. */
export interface Question {
  /** UTF-8 read as latin1. */
  readonly text: string;
  /** The rest of the message, on which the answer depends: types, parameters, formats. */
  readonly rest: string;
  readonly analysis: () => Analysis;
}

export interface ClientCacheOptions {
  readonly caches: Caches;
  /** The upstream that its writes go to. */
  readonly upstream: string;
  readonly database: DatabaseCache;
  /** Separates databases and users, including the users at the server. */
  readonly scope: string;
  readonly rules: readonly CacheRule[];
  readonly outbox: Outbox;
  readonly now: () => number;
}

/** A waiting client gets the answer, or the reason why there is none; with neither, it must ask the server itself. */
export type CacheCallback = (answer: Answer | undefined, shed?: Report) => void;
/** What matters about the client that asks. */
export interface CacheReader {
  readonly settings: string;
  readonly then: CacheCallback;
  /** Why a read that is not in the cache must not be sent to the server now (overload); undefined: it may. */
  readonly shed: () => Report | undefined;
}
export type CacheLookup = Lookup<Answer> | { readonly kind: 'shed'; readonly report: Report };

interface CacheMiss {
  readonly pending: PendingAnswer<Answer>;
  readonly plan: CachePlan;
  readonly reader: CacheReader;
}

interface Recording {
  readonly pending: PendingAnswer<Answer>;
  readonly recorder: Recorder;
  /** Stores the answer for other instances. */
  readonly store: ((answer: Answer) => void) | undefined;
}

const idle = readyForQuery(transactionStatus.idle);

/** Looks up what one client asks, and records what it is told for others that ask the same. */
export class ClientCache {
  readonly #options: ClientCacheOptions;
  #settings = '';
  #prefix = '';
  #recording: Recording | undefined;

  constructor(options: ClientCacheOptions) {
    this.#options = options;
  }

  /** Undefined: the question is not cacheable. `miss`: the answer is recorded from now on, up to `settled`. */
  lookUp(question: Question, reader: CacheReader): CacheLookup | undefined {
    const { caches, database, rules, now } = this.#options;
    if (!caches.isUsable) return undefined;
    const plan = database.planOf(question.text, rules, question.analysis);
    if (plan === undefined || (question.rest.length > 0 && mentionsCurrentTime(question.rest))) return undefined;
    const { epochs } = database;
    const asked = { key: this.#key(question, reader.settings), epochs, ids: plan.ids };
    const found = caches.answers[plan.cache].lookUp(asked, now(), plan.ttlMs, reader.then);
    if (found.kind !== 'miss') return found;
    const shared = plan.cache === 'rows' ? caches.sharedAnswersFor(database.serverName) : undefined;
    if (shared !== undefined) return this.#findShared(shared, asked, { pending: found.pending, plan, reader });
    const report = plan.cache === 'rows' ? reader.shed() : undefined;
    if (report !== undefined) {
      found.pending.failed();
      return { kind: 'shed', report };
    }
    this.#record(found.pending, plan, undefined);
    return found;
  }

  /** Another instance may have asked the server already. */
  #findShared(shared: SharedAnswers, { key, ids }: LookupKey, miss: CacheMiss): Lookup<Answer> {
    const { pending, plan, reader } = miss;
    const question = { database: this.#options.database.serverName, key, ids };
    let isWaiting = true;
    const finish = (answer: Answer | undefined, store?: (answer: Answer) => void): void => {
      if (!isWaiting) return pending.failed();
      const report = answer === undefined ? reader.shed() : undefined;
      if (report !== undefined) {
        pending.failed();
        return reader.then(undefined, report);
      }
      if (answer === undefined) this.#record(pending, plan, store);
      // Something may have been written meanwhile: then the answer is neither cached nor used.
      else if (!pending.done(answer, answer.bytes.length)) answer = undefined;
      reader.then(answer);
    };
    shared.find(question).then(
      ({ answer, token }) => {
        const store = ({ bytes, tag }: Answer): void => {
          shared.store(question, token, encode(bytes, tag), plan.ttlMs).catch(() => undefined);
        };
        finish(answer === undefined ? undefined : decode(answer), store);
      },
      () => finish(undefined),
    );
    return { kind: 'awaited', stopWaiting: () => (isWaiting = false) };
  }

  /** The answer is complete; its ReadyForQuery is about to follow. */
  answerComplete(isIdle: boolean, upstream: string): void {
    const recording = this.#recording;
    if (recording === undefined) return;
    const { outbox } = this.#options;
    outbox.endRun();
    outbox.tee = undefined;
    this.#recording = undefined;
    const { pending, recorder, store } = recording;
    // A mirror may lag behind acknowledged writes.
    const isCurrent = isIdle && upstream === this.#options.upstream;
    const answer = isCurrent ? recorder.answer(idle) : undefined;
    // An answer that is too large is passed on as such, and counted.
    if (answer !== undefined) {
      if (pending.done(answer, answer.bytes.length)) store?.(answer);
    } else if (recorder.isTooLarge) pending.done(noAnswer, recorder.bytes);
    else pending.failed();
  }

  /** There will be no answer. */
  abandon(): void {
    this.#options.outbox.tee = undefined;
    this.#recording?.pending.failed();
    this.#recording = undefined;
  }

  #record(pending: PendingAnswer<Answer>, plan: CachePlan, store: ((answer: Answer) => void) | undefined): void {
    const { caches, outbox } = this.#options;
    const recorder = new Recorder(caches.answers[plan.cache].entryBytesMax);
    outbox.endRun();
    this.#recording = { pending, recorder, store };
    const tee = (part: Buffer): void => recorder.add(part);
    outbox.tee = tee;
  }

  #key({ text, rest }: Question, settings: string): string {
    if (settings !== this.#settings) {
      this.#settings = settings;
      this.#prefix = `${this.#options.scope}\0${settings}\0`;
    }
    return `${this.#prefix}${rest}\0${text}`;
  }
}

const noAnswer: Answer = { bytes: Buffer.alloc(0), tag: '' };

/** The tag and a zero byte, then the bytes of the answer. */
const encode = (bytes: Buffer, tag: string): Buffer => Buffer.concat([Buffer.from(`${tag}\0`, 'latin1'), bytes]);

function decode(kept: Uint8Array): Answer | undefined {
  const zero = kept.indexOf(0);
  if (zero < 0) return undefined;
  return { tag: Buffer.from(kept.subarray(0, zero)).toString('latin1'), bytes: ownCopy(kept.subarray(zero + 1)) };
}
