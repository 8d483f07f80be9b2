import { AnswerCache, RuleLists, SharedEpochs, type CacheCounts, type SharedAnswers } from '@medrex/cache';
import type { SqlAnalyser } from '@medrex/sql';
import type { BackendLogin, LoggedIn } from '../upstream/backend-login.ts';
import type { PoolName } from '@medrex/pool';
import type { PoolMode } from '../session/client/client-options.ts';
import type { Outbox } from '../session/backend/outbox.ts';
import { observersOf } from '../observe/observers.ts';
import type { RequestObserver } from '../session/client/request.ts';
import type { CacheConfig } from './cache-config.ts';
import { ClientCache } from './client-cache.ts';
import { DatabaseCache, invalidations, type Invalidation } from './database-cache.ts';
import type { Answer } from './recorder.ts';
import type { SharedByRedis } from './shared-by-redis.ts';
import { WriteObserver } from './write-observer.ts';

export interface CachesOptions {
  readonly config: CacheConfig;
  readonly analyser: SqlAnalyser;
  readonly now: () => number;
  /** The server's name of a configured database; several may be the same one there. */
  readonly serverNameOf: (database: string) => string;
  /** Undefined: this instance is alone. */
  readonly shared?: SharedByRedis | undefined;
}

/** A configured database, and the server that its clients use. */
export type DatabaseKey = Pick<PoolName, 'upstream' | 'database'>;

/** Opens a connection of the proxy's own to a database. */
export type LogIn = (loggedIn: (session: LoggedIn) => void, failed: () => void) => BackendLogin;

export type CacheName = 'rows' | 'metadata';
export const cacheNames: readonly CacheName[] = ['rows', 'metadata'];

/** The figures of one cache. */
export interface CacheFigures {
  readonly name: CacheName;
  readonly isOn: boolean;
  readonly entries: number;
  readonly bytes: number;
  readonly bytesMax: number;
  readonly timesOff: number;
  /** Over all lookups so far; undefined before the first. */
  readonly hitRatio: number | undefined;
  readonly counts: CacheCounts;
}

/** The caches of a proxy: answers read from tables, by rule, and answers about definitions. */
export class Caches {
  answers: Readonly<Record<CacheName, AnswerCache<Answer>>>;
  config: CacheConfig;
  readonly invalidated = Object.fromEntries(invalidations.map((why) => [why, 0])) as Record<Invalidation, number>;
  readonly #options: CachesOptions;
  readonly #databases = new Map<string, DatabaseCache>();
  /** The caches of the previous configuration. */
  #previous = new Map<string, DatabaseCache>();
  /** Caches that nobody uses: they are dropped when nothing about them is uncertain. */
  readonly #unused = new Map<string, DatabaseKey>();
  #rules: RuleLists;
  readonly #sharedEpochs: SharedEpochs | undefined;
  /** Nothing is looked up or cached, because memory is short. */
  isPaused = false;

  constructor(options: CachesOptions) {
    this.#options = options;
    const { config } = options;
    this.config = config;
    this.#rules = new RuleLists(config.rules);
    this.#sharedEpochs = options.shared && this.#openSharedEpochs(options.shared);
    this.answers = answersOf(config);
  }

  /** Starts anew with another configuration; clients then call `forClient` again. */
  reload(config: CacheConfig): void {
    this.config = config;
    this.answers = answersOf(config);
    this.#rules = new RuleLists(config.rules);
    for (const database of this.#databases.values()) database.close();
    this.#previous = new Map(this.#databases);
    this.#databases.clear();
    this.#unused.clear();
  }

  /** Caches nothing of a database until a request that was not observed has ended. */
  suspendUntil(database: string, isOver: () => boolean): void {
    for (const each of this.#databasesNamed(this.#options.serverNameOf(database))) each.suspendUntil(isOver);
  }

  static isWanted({ metadata, rules }: CacheConfig): boolean {
    return metadata || rules.length > 0;
  }

  /** Undefined: nothing is to be cached. */
  static of(options: CachesOptions): Caches | undefined {
    return Caches.isWanted(options.config) ? new Caches(options) : undefined;
  }

  /** Whether anything of that database is cached, under any of its names. */
  covers(database: string): boolean {
    const { metadata, rules } = this.config;
    const { serverNameOf } = this.#options;
    const serverName = serverNameOf(database);
    const isServed = (name: string): boolean => serverNameOf(name) === serverName;
    return metadata || rules.some(({ databases }) => databases?.some(isServed) ?? true);
  }

  /** Whether answers are looked up and cached now. They are not while another instance may have written something unknown here. */
  get isUsable(): boolean {
    return !this.isPaused && (this.#sharedEpochs?.isTrusted(this.#options.now()) ?? true);
  }

  /** Where instances share answers, unless something was written to this database that they do not know of yet. */
  sharedAnswersFor(serverName: string): SharedAnswers | undefined {
    const { shared } = this.#options;
    return shared?.keepsAnswers !== true || this.#sharedEpochs?.hasUnreported(serverName) === true
      ? undefined
      : shared.link;
  }

  /** The number of other instances; undefined: this one is alone. */
  get otherInstances(): number | undefined {
    return this.#sharedEpochs?.others;
  }

  tick(nowMs: number): void {
    this.#sharedEpochs?.tick(nowMs);
    for (const database of this.#databases.values()) database.tick(nowMs);
    for (const key of this.#unused.values()) this.#drop(key);
  }

  /** That database has neither clients nor backends any more. */
  unused(database: DatabaseKey): void {
    const key = keyOf(database);
    if (this.#databases.has(key)) this.#unused.set(key, database);
  }

  #drop(database: DatabaseKey): void {
    const key = keyOf(database);
    const known = this.#databases.get(key);
    if (known?.isCertain === false) return;
    known?.close();
    this.#databases.delete(key);
    this.#previous.delete(key);
    this.#unused.delete(key);
  }

  /** A client runs a command that needs these databases of a server without sessions. */
  closeSessionsOf(upstream: string, serverName: ReadonlySet<string>): void {
    for (const each of this.#databases.values())
      if (each.upstream === upstream && serverName.has(each.serverName)) each.leave();
  }

  /** Connections to these databases, or to all, are replaced: they may lead to another server then. */
  reconnect({ upstream, database }: Partial<DatabaseKey>): void {
    const serverName = database === undefined ? undefined : this.#options.serverNameOf(database);
    for (const each of this.#databases.values())
      if ((upstream ?? each.upstream) === each.upstream && (serverName ?? each.serverName) === each.serverName)
        each.reconnect();
  }

  /** @param isAllKnown false: some client was in the middle of a write */
  async close(isAllKnown = true): Promise<void> {
    const areCertain = [...this.#databases.values()].every(({ isCertain }) => isCertain);
    for (const database of this.#databases.values()) database.close();
    await this.#sharedEpochs?.close(isAllKnown && areCertain);
  }

  #openSharedEpochs({ link, instance }: SharedByRedis): SharedEpochs {
    return new SharedEpochs({
      link,
      instance: String(instance),
      // It may have sessions in only one of them.
      hasEnded: (silent) => [...this.#databases.values()].filter((each) => !each.hasEnded(silent)).length === 0,
      changed: (serverName, ids) => {
        for (const each of this.#databasesNamed(serverName)) each.changedByOthers(ids);
      },
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
      const isOn = this.isUsable && this.answers[name].isOn(nowMs);
      const found = counts.hits + counts.awaited;
      const hitRatio = found + counts.misses === 0 ? undefined : found / (found + counts.misses);
      return { name, isOn, entries, bytes, bytesMax, timesOff, hitRatio, counts: { ...counts } };
    });
  }

  databases(): [name: string, database: DatabaseCache][] {
    return [...this.#databases];
  }

  /** The cache session of a client; undefined: nothing of its database is cached. */
  forClient(options: CachedClient): CachedSession | undefined {
    const { name, user, logIn, observer, mode } = options;
    if (!this.covers(name.database)) return undefined;
    const database = this.#of(name, logIn);
    const rules = this.#rules.of(name.database, user);
    const scope = JSON.stringify([name.upstream, name.database, user, name.user]);
    const { now } = this.#options;
    const common = { caches: this, upstream: name.upstream, database, scope, rules, now };
    return {
      // Writes come last, so that outdated answers are dropped before anything is sent.
      observer: observersOf([observer, new WriteObserver(database)]),
      // In session mode a client has its backend to itself, and whatever it left there.
      cacheOf: mode === 'session' ? undefined : (outbox) => new ClientCache({ ...common, outbox }),
    };
  }

  /** The cache of a database that is covered. @param logIn as a user who may read the definitions */
  #of({ upstream, database }: PoolName, logIn: LogIn): DatabaseCache {
    // A RELOAD may have moved clients that come in now to another server.
    const key = keyOf({ upstream, database });
    const known = this.#databases.get(key);
    this.#unused.delete(key);
    if (known !== undefined) return known;
    const { metadata, ttlMs, pollMs, channel } = this.config;
    const serverName = this.#options.serverNameOf(database);
    const made = new DatabaseCache({
      upstream,
      serverName,
      analyser: this.#options.analyser,
      keepsMetadata: metadata,
      ttlMs,
      now: this.#options.now,
      watch: { logIn, pollMs, channel, instance: this.#options.shared?.instance },
      clusterChanged: () => {
        for (const other of this.#databases.values()) if (other !== made) other.clusterChanged();
      },
      invalidated: (why) => this.invalidated[why]++,
      reportChanges: (ids) => {
        this.#sharedEpochs?.changed(serverName, ids);
        for (const other of this.#databasesNamed(serverName)) if (other !== made) other.changedByOthers(ids);
      },
      changedOutside: (ids) => {
        if (this.#options.shared?.keepsAnswers === true) this.#sharedEpochs?.changedOutside(serverName, ids);
      },
      present: (instances) => {
        for (const instance of instances) this.#sharedEpochs?.expect(instance);
      },
    });
    this.#databases.set(key, made);
    this.#previous.get(key)?.handOverTo(made);
    this.#previous.delete(key);
    made.tick(this.#options.now());
    return made;
  }

  /**
   * The caches with this name at the server, which may have several names here. On two servers these are two databases; then too much is
   * dropped, which does no harm.
   */
  #databasesNamed(serverName: string): DatabaseCache[] {
    return [...this.#databases.values()].filter((each) => each.serverName === serverName);
  }
}

const keyOf = ({ upstream, database }: DatabaseKey): string => JSON.stringify([upstream, database]);

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

/** A client that is coming in. */
export interface CachedClient {
  /** The client's pool. */
  readonly name: PoolName;
  /** Answers are never shared between users. */
  readonly user: string;
  readonly mode: PoolMode;
  readonly observer: RequestObserver | undefined;
  /** Opens a connection of the proxy's own to the client's database. */
  readonly logIn: LogIn;
}

export interface CachedSession {
  readonly observer: RequestObserver | undefined;
  readonly cacheOf: ((outbox: Outbox) => ClientCache) | undefined;
}
