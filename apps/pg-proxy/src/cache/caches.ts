import {
  AnswerCache,
  anything,
  changesOf,
  changesSomething,
  preparedChanges,
  rulesFor,
  SharedEpochs,
  type BackendWrites,
  type CacheCounts,
  type CacheRule,
  type Changes,
  type SharedAnswers,
} from '@medrex/cache';
import type { Analysis, SqlAnalyser } from '@medrex/sql';
import type { BackendLogin, LoggedIn } from '../upstream/backend-login.ts';
import type { PoolName } from '@medrex/pool';
import type { Backend } from '../session/backend.ts';
import type { PoolMode } from '../session/client-options.ts';
import type { Outbox } from '../session/outbox.ts';
import type { Request, RequestObserver } from '../session/request.ts';
import type { CacheConfig } from './cache-config.ts';
import { ClientCache } from './client-cache.ts';
import { DatabaseCache, invalidations, type Invalidation } from './database-cache.ts';
import type { Answer } from './recorder.ts';
import type { SharedByRedis } from './shared-by-redis.ts';

export interface CachesOptions {
  readonly config: CacheConfig;
  readonly analyser: SqlAnalyser;
  readonly now: () => number;
  /** Undefined: this instance is alone. */
  readonly shared?: SharedByRedis | undefined;
}

/** How a connection of the proxy's own to a database is made. */
export type LogIn = (loggedIn: (session: LoggedIn) => void, failed: () => void) => BackendLogin;

export type CacheName = 'rows' | 'metadata';
export const cacheNames: readonly CacheName[] = ['rows', 'metadata'];

/** What one cache shows of itself. */
export interface CacheFigures {
  readonly name: CacheName;
  readonly isOn: boolean;
  readonly entries: number;
  readonly bytes: number;
  readonly bytesMax: number;
  readonly timesOff: number;
  /** Of all lookups so far; undefined before the first. */
  readonly hitRatio: number | undefined;
  readonly counts: CacheCounts;
}

/** Texts up to here are read though they are large: a bulk insert must not look like code that nobody can see. */
const readBytesMax = 128 * 1024;
const missing = /^(?:42P01|42703|42883|3F000)$/;
/** A plan that no longer fits: "cached plan must not change result type". */
const planUnfit = '0A000';

/** The caches of a proxy: answers from tables by rule, and answers about what is defined. */
export class Caches {
  answers: Readonly<Record<CacheName, AnswerCache<Answer>>>;
  config: CacheConfig;
  readonly invalidated = Object.fromEntries(invalidations.map((why) => [why, 0])) as Record<Invalidation, number>;
  readonly #options: CachesOptions;
  readonly #databases = new Map<string, DatabaseCache>();
  /** Those of the configuration before. */
  #before = new Map<string, DatabaseCache>();
  readonly #rules = new Map<string, readonly CacheRule[]>();
  readonly #others: SharedEpochs | undefined;
  /** Nothing is looked up and nothing kept: memory is short. */
  isPaused = false;

  constructor(options: CachesOptions) {
    this.#options = options;
    const { config } = options;
    this.config = config;
    this.#others = options.shared && this.#sharing(options.shared);
    this.answers = answersOf(config);
  }

  /** Begins anew with another configuration: who is a client asks `forClient` again. */
  reload(config: CacheConfig): void {
    this.config = config;
    this.answers = answersOf(config);
    this.#rules.clear();
    for (const database of this.#databases.values()) database.close();
    this.#before = new Map(this.#databases);
    this.#databases.clear();
  }

  /** Nothing of a database is kept until somebody at work there has ended what is not seen here. */
  awaitUnseen(database: string, isOver: () => boolean): void {
    this.#databases.get(database)?.awaitUnseen(isOver);
  }

  static isWanted({ metadata, rules }: CacheConfig): boolean {
    return metadata || rules.length > 0;
  }

  /** Undefined: nothing is to be kept. */
  static of(options: CachesOptions): Caches | undefined {
    return Caches.isWanted(options.config) ? new Caches(options) : undefined;
  }

  /** Whether anything of that database is kept. */
  covers(database: string): boolean {
    const { metadata, rules } = this.config;
    return metadata || rules.some(({ databases }) => databases?.includes(database) ?? true);
  }

  /** Whether answers are looked up and kept now. Not while another instance may have written what is not known here. */
  get isOpen(): boolean {
    return !this.isPaused && (this.#others?.isTrusted(this.#options.now()) ?? true);
  }

  /** Where other instances keep answers, and nothing was written to that database of which they do not know. */
  elsewhere(database: string): SharedAnswers | undefined {
    const { shared } = this.#options;
    return shared?.keepsAnswers !== true || this.#others?.hasUntold(database) === true ? undefined : shared.link;
  }

  /** Undefined: alone. */
  get others(): number | undefined {
    return this.#others?.others;
  }

  tick(nowMs: number): void {
    this.#others?.tick(nowMs);
    for (const database of this.#databases.values()) database.tick(nowMs);
  }

  async close(): Promise<void> {
    for (const database of this.#databases.values()) database.close();
    await this.#others?.close();
    await this.#options.shared?.pool.close();
  }

  #sharing({ link, instance }: SharedByRedis): SharedEpochs {
    return new SharedEpochs({
      ...{ link, instance },
      changed: (database, ids) => this.#databases.get(database)?.changedElsewhere(ids),
      missed: () => {
        for (const database of this.#databases.values()) database.missed();
      },
    });
  }

  figures(): CacheFigures[] {
    const nowMs = this.#options.now();
    return cacheNames.map((name) => {
      const { entries, bytes, counts, timesOff } = this.answers[name];
      const bytesMax = name === 'rows' ? this.config.bytesMax : this.config.metadataBytesMax;
      const isOn = this.isOpen && this.answers[name].isOn(nowMs);
      const found = counts.hits + counts.awaited;
      const hitRatio = found + counts.misses === 0 ? undefined : found / (found + counts.misses);
      return { ...{ name, isOn, entries, bytes, bytesMax, timesOff, hitRatio }, counts: { ...counts } };
    });
  }

  databases(): [name: string, database: DatabaseCache][] {
    return [...this.#databases];
  }

  /** What a client of a database takes along; undefined where nothing of it is kept. */
  forClient(options: CachedClient): CachedSession | undefined {
    const { name, logIn, observer, mode } = options;
    if (!this.covers(name.database)) return undefined;
    const database = this.#of(name.database, logIn);
    const rules = this.#rulesOf(name.database, name.user);
    const scope = JSON.stringify([name.database, name.user, name.upstreamUser]);
    const { now } = this.#options;
    const common = { caches: this, name: name.database, upstream: name.upstream, database, scope, rules, now };
    return {
      observer: together(observer, new WriteObserver(database)),
      // In session mode a client has its backend to itself, with whatever it left there.
      cacheOf: mode === 'session' ? undefined : (outbox) => new ClientCache({ ...common, outbox }),
    };
  }

  /** Of a database that is covered. @param logIn as somebody who may */
  #of(database: string, logIn: LogIn): DatabaseCache {
    const known = this.#databases.get(database);
    if (known !== undefined) return known;
    const { metadata, ttlMs, pollMs, channel } = this.config;
    const made = new DatabaseCache({
      ...{ analyser: this.#options.analyser, keepsMetadata: metadata, ttlMs, now: this.#options.now },
      watch: { logIn, pollMs, channel },
      clusterChanged: () => {
        for (const other of this.#databases.values()) if (other !== made) other.clusterChanged();
      },
      invalidated: (why) => this.invalidated[why]++,
      share: (ids) => this.#others?.changed(database, ids),
    });
    this.#databases.set(database, made);
    this.#before.get(database)?.succeededBy(made);
    this.#before.delete(database);
    made.tick(this.#options.now());
    return made;
  }

  /** The same list for the same user, so that what was found out by it is found again. */
  #rulesOf(database: string, user: string): readonly CacheRule[] {
    const key = JSON.stringify([database, user]);
    const rules = this.#rules.get(key) ?? rulesFor(this.config.rules, database, user);
    this.#rules.set(key, rules);
    return rules;
  }
}

function answersOf({
  windowLookups: lookups,
  hitRatioMin: ratioMin,
  offMs,
  ...config
}: CacheConfig): Caches['answers'] {
  const { entryBytesMax } = config;
  const answers = (bytesMax: number): AnswerCache<Answer> =>
    new AnswerCache({ bytesMax, entryBytesMax, window: { lookups, ratioMin, offMs } });
  return { rows: answers(config.bytesMax), metadata: answers(config.metadataBytesMax) };
}

/** Who comes in. */
export interface CachedClient {
  readonly name: PoolName;
  readonly mode: PoolMode;
  readonly observer: RequestObserver | undefined;
  /** How a connection of the proxy's own to his database is made. */
  readonly logIn: LogIn;
}

export interface CachedSession {
  readonly observer: RequestObserver;
  readonly cacheOf: ((outbox: Outbox) => ClientCache) | undefined;
}

/** The writes come last: what they forget is forgotten before anything goes out. */
function together(one: RequestObserver | undefined, writes: WriteObserver): RequestObserver {
  if (one === undefined) return writes;
  return {
    sent: (request) => {
      one.sent?.(request);
      writes.sent(request);
    },
    completed: (request, tag) => {
      one.completed?.(request, tag);
      writes.completed(request, tag);
    },
    ended: (request) => {
      one.ended(request);
      writes.ended(request);
    },
    called: (backend) => {
      one.called?.(backend);
      writes.called(backend);
    },
    refused: (from, sqlstate) => {
      one.refused?.(from, sqlstate);
      writes.refused(from, sqlstate);
    },
  };
}

interface Followed {
  readonly backend: Backend;
  readonly writes: BackendWrites;
  readonly note: readonly Changes[];
}

class WriteObserver implements RequestObserver {
  readonly #database: DatabaseCache;
  readonly #followed = new WeakMap<Request, Followed>();

  constructor(database: DatabaseCache) {
    this.#database = database;
  }

  sent(request: Request): void {
    const { backend } = request;
    if (backend === undefined) return;
    const analysis = this.#analysisOf(request);
    const all = changesOf(analysis).filter(changesSomething);
    const changes = request.from.isPinned ? this.#database.withoutUnknown(all).filter(changesSomething) : all;
    if (changes.length === 0 && backend.writes?.hasPending !== true && !prepares(analysis)) return;
    const writes = this.#database.writesOf(backend);
    this.#notePrepared(analysis, writes);
    this.#followed.set(request, { backend, writes, note: writes.sent(changes) });
  }

  completed(request: Request, tag: string): void {
    const followed = this.#followed.get(request);
    if (followed === undefined) return;
    const { backend, writes, note } = followed;
    const { analysis } = request;
    const statement = analysis.kind === 'read' ? analysis.statements[request.commands - 1] : undefined;
    writes.completed(note, { verb: statement?.transaction?.verb, tag, isOutsideBlock: backend.isOutsideBlock });
  }

  ended(request: Request): void {
    const { sqlstate } = request;
    if (sqlstate !== undefined && (missing.test(sqlstate) || sqlstate === planUnfit)) this.#database.notFound();
    const followed = this.#followed.get(request);
    followed?.writes.ended(followed.note);
  }

  called(backend: Backend): void {
    this.#database.writesOf(backend).unfollowed(anything);
  }

  refused(_from: unknown, sqlstate: string): void {
    if (missing.test(sqlstate)) this.#database.notFound();
  }

  #analysisOf(request: Request): Analysis {
    const { analysis } = request;
    return analysis.kind === 'large' && request.textBytes <= readBytesMax ? request.readLarge() : analysis;
  }

  #notePrepared(analysis: Analysis, writes: BackendWrites): void {
    for (const statement of analysis.kind === 'read' ? analysis.statements : []) {
      const prepared = preparedChanges(statement);
      if (prepared !== undefined) writes.prepared(prepared.name, prepared.changes);
    }
  }
}

function prepares(analysis: Analysis): boolean {
  return analysis.kind === 'read' && analysis.statements.some(({ effects }) => effects[0]?.kind === 'prepare');
}
