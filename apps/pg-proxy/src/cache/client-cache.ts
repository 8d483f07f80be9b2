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

/** A question that a client asks while it has no backend. */
export interface Question {
  /** As latin1. */
  readonly text: string;
  /** Everything else of the message that the answer depends on: types, parameters, formats. */
  readonly rest: string;
  readonly analysis: () => Analysis;
}

export interface ClientCacheOptions {
  readonly caches: Caches;
  /** Where its writes go. */
  readonly upstream: string;
  readonly database: DatabaseCache;
  /** Tells databases and users apart, and users of the server. */
  readonly scope: string;
  readonly rules: readonly CacheRule[];
  readonly outbox: Outbox;
  readonly now: () => number;
}

/** Who has waited hears the answer, why there is none, or that he has to ask himself. */
export type Heard = (answer: Answer | undefined, shed?: Report) => void;
/** Who asks, besides what. */
export interface Asker {
  readonly settings: string;
  readonly then: Heard;
  /** Why a read whose answer is not kept is not sent to the server now; undefined: it is. */
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
  /** For other instances. */
  readonly keep: ((answer: Answer) => void) | undefined;
}

const idle = readyForQuery(transactionStatus.idle);

/** What one client asks that may be known, and what it is told that others may ask. */
export class ClientCache {
  readonly #options: ClientCacheOptions;
  #settings = '';
  #prefix = '';
  #recording: Recording | undefined;

  constructor(options: ClientCacheOptions) {
    this.#options = options;
  }

  /** Undefined: it is nothing that is kept. `miss`: what it is told from now on is taken down, up to `settled`. */
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
      // Something may have been written meanwhile: then it is not kept here, and may not be shown either.
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

  /** The server has answered as a whole; its ReadyForQuery is about to follow. */
  settled(isIdle: boolean, upstream: string): void {
    const recording = this.#recording;
    if (recording === undefined) return;
    const { outbox } = this.#options;
    outbox.endRun();
    outbox.tee = undefined;
    this.#recording = undefined;
    const { filling, recorder, keep } = recording;
    // A mirror may lag behind what has been acknowledged.
    const isCurrent = isIdle && upstream === this.#options.upstream;
    const answer = isCurrent ? recorder.answer(idle) : undefined;
    // One that is too large is told so, and counted.
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

/** The tag and a zero before the bytes. */
const packed = (bytes: Buffer, tag: string): Buffer => Buffer.concat([Buffer.from(`${tag}\0`, 'latin1'), bytes]);

function unpacked(kept: Uint8Array): Answer | undefined {
  const zero = kept.indexOf(0);
  if (zero < 0) return undefined;
  return { tag: Buffer.from(kept.subarray(0, zero)).toString('latin1'), bytes: ownMemory(kept.subarray(zero + 1)) };
}
