import {
  namesTheClock,
  type Asked,
  type CacheRule,
  type Filling,
  type Lookup,
  type SharedAnswers,
} from '@medrex/cache';
import { readyForQuery, transactionStatus, type Report } from '@medrex/pg-wire';
import type { Analysis } from '@medrex/sql';
import type { Outbox } from '../session/backend/outbox.ts';
import type { Caches } from './caches.ts';
import type { CachePlan, DatabaseCache } from './database-cache.ts';
import { ownMemory, Recorder, type Answer } from './recorder.ts';

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
export type Heard = (answer: Answer | undefined, shed?: Report) => void;
/** What matters about the client that asks. */
export interface Asker {
  readonly settings: string;
  readonly then: Heard;
  /** Why a read that is not in the cache must not be sent to the server now (overload); undefined: it may. */
  readonly shed: () => Report | undefined;
}
export type Found = Lookup<Answer> | { readonly kind: 'shed'; readonly report: Report };

interface Missed {
  readonly filling: Filling<Answer>;
  readonly plan: CachePlan;
  readonly asker: Asker;
}

interface Recording {
  readonly filling: Filling<Answer>;
  readonly recorder: Recorder;
  /** Stores the answer for other instances. */
  readonly keep: ((answer: Answer) => void) | undefined;
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
  lookUp(question: Question, asker: Asker): Found | undefined {
    const { caches, database, rules, now } = this.#options;
    if (!caches.isOpen) return undefined;
    const plan = database.planOf(question.text, rules, question.analysis);
    if (plan === undefined || (question.rest.length > 0 && namesTheClock(question.rest))) return undefined;
    const { epochs } = database;
    const asked = { key: this.#key(question, asker.settings), epochs, ids: plan.ids };
    const found = caches.answers[plan.of].lookUp(asked, now(), plan.ttlMs, asker.then);
    if (found.kind !== 'miss') return found;
    const elsewhere = plan.of === 'rows' ? caches.elsewhere(database.served) : undefined;
    if (elsewhere !== undefined) return this.#askElsewhere(elsewhere, asked, { filling: found.filling, plan, asker });
    const report = plan.of === 'rows' ? asker.shed() : undefined;
    if (report !== undefined) {
      found.filling.failed();
      return { kind: 'shed', report };
    }
    this.#record(found.filling, plan, undefined);
    return found;
  }

  /** Another instance may have asked the server already. */
  #askElsewhere(elsewhere: SharedAnswers, { key, ids }: Asked, missed: Missed): Lookup<Answer> {
    const { filling, plan, asker } = missed;
    const question = { database: this.#options.database.served, key, ids };
    let isWaiting = true;
    const goOn = (answer: Answer | undefined, keep?: (answer: Answer) => void): void => {
      if (!isWaiting) return filling.failed();
      const report = answer === undefined ? asker.shed() : undefined;
      if (report !== undefined) {
        filling.failed();
        return asker.then(undefined, report);
      }
      if (answer === undefined) this.#record(filling, plan, keep);
      // Something may have been written meanwhile: then the answer is neither cached nor used.
      else if (!filling.done(answer, answer.bytes.length)) answer = undefined;
      asker.then(answer);
    };
    elsewhere.find(question).then(
      ({ answer, token }) => {
        const keep = ({ bytes, tag }: Answer): void => {
          elsewhere.keep(question, token, packed(bytes, tag), plan.ttlMs).catch(() => undefined);
        };
        goOn(answer === undefined ? undefined : unpacked(answer), keep);
      },
      () => goOn(undefined),
    );
    return { kind: 'awaited', stopWaiting: () => (isWaiting = false) };
  }

  /** The answer is complete; its ReadyForQuery is about to follow. */
  settled(isIdle: boolean, upstream: string): void {
    const recording = this.#recording;
    if (recording === undefined) return;
    const { outbox } = this.#options;
    outbox.endRun();
    outbox.tee = undefined;
    this.#recording = undefined;
    const { filling, recorder, keep } = recording;
    // A mirror may lag behind acknowledged writes.
    const isCurrent = isIdle && upstream === this.#options.upstream;
    const answer = isCurrent ? recorder.answer(idle) : undefined;
    // An answer that is too large is passed on as such, and counted.
    if (answer !== undefined) {
      if (filling.done(answer, answer.bytes.length)) keep?.(answer);
    } else if (recorder.isTooLarge) filling.done(nothing, recorder.bytes);
    else filling.failed();
  }

  /** There will be no answer. */
  abandon(): void {
    this.#options.outbox.tee = undefined;
    this.#recording?.filling.failed();
    this.#recording = undefined;
  }

  #record(filling: Filling<Answer>, plan: CachePlan, keep: ((answer: Answer) => void) | undefined): void {
    const { caches, outbox } = this.#options;
    const recorder = new Recorder(caches.answers[plan.of].entryBytesMax);
    outbox.endRun();
    this.#recording = { filling, recorder, keep };
    const tee = (part: Buffer): void => recorder.take(part);
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

const nothing: Answer = { bytes: Buffer.alloc(0), tag: '' };

/** The tag and a zero byte, then the bytes of the answer. */
const packed = (bytes: Buffer, tag: string): Buffer => Buffer.concat([Buffer.from(`${tag}\0`, 'latin1'), bytes]);

function unpacked(kept: Uint8Array): Answer | undefined {
  const zero = kept.indexOf(0);
  if (zero < 0) return undefined;
  return { tag: Buffer.from(kept.subarray(0, zero)).toString('latin1'), bytes: ownMemory(kept.subarray(zero + 1)) };
}
