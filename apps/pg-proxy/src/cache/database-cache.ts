import {
  anything,
  BackendWrites,
  Epochs,
  RememberedTexts,
  RelationGraph,
  ruleOf,
  schema,
  whole,
  type CacheRule,
  type CatalogRows,
  type Changes,
  type EpochId,
} from '@medrex/cache';
import type { Analysis, SqlAnalyser } from '@medrex/sql';
import type { Backend } from '../session/backend/backend.ts';
import { CatalogWatch, type CatalogWatchOptions } from './catalog-watch.ts';
import { Presences } from './presence.ts';

/** What is cached for a text, and in which cache. */
export interface CachePlan {
  readonly ids: readonly EpochId[];
  readonly of: 'rows' | 'metadata';
  readonly ttlMs: number;
}

export interface DatabaseCacheOptions {
  /** The server. */
  readonly upstream: string;
  /** Its name at the server. */
  readonly served: string;
  readonly analyser: SqlAnalyser;
  readonly keepsMetadata: boolean;
  readonly ttlMs: number;
  readonly now: () => number;
  readonly watch: Omit<CatalogWatchOptions, 'events'>;
  /** A change of definitions that every database of the server sees. */
  readonly clusterChanged: () => void;
  readonly invalidated: (why: Invalidation) => void;
  /** Other instances must be told. */
  readonly share: (ids: readonly EpochId[]) => void;
  /** These instances are connected to the database. */
  readonly present: (instances: Iterable<string>) => void;
}

export const invalidations = ['write', 'ddl', 'outside', 'lost'] as const;
/** Why something was dropped. A closed set: it labels a metric. */
export type Invalidation = (typeof invalidations)[number];

const everything: readonly EpochId[] = [whole, schema];
/** How long a write by a process without a known number counts as uncertain, in ms. */
const doubtMs = 300_000;

/** What is known about the contents of one database, and what becomes of it: both reads and writes are checked here. */
export class DatabaseCache {
  readonly upstream: string;
  readonly served: string;
  readonly epochs = new Epochs();
  readonly watch: CatalogWatch;
  readonly #options: DatabaseCacheOptions;
  readonly #presences = new Presences();
  #graph: RelationGraph | undefined;
  /** The definitions before a change, while the new ones are being read. */
  #former: RelationGraph | undefined;
  /** When a function with unknown effects was committed: until the definitions have been checked, it may have changed them. */
  #mayDefineAtMs = -Infinity;
  readonly #doubts: { readonly untilMs: number; readonly end: () => void }[] = [];
  /** Backends lost in the middle of a write, by process id; undefined where that is unknown. */
  readonly #broken = new Set<{ readonly processId: number | undefined }>();
  /** The cache that takes over after a RELOAD. */
  #successor: DatabaseCache | undefined;
  /** Requests that may still write without being observed: nothing is cached until all of them have ended. */
  #unseen: (() => boolean)[] = [];
  readonly #written = new WeakSet<BackendWrites>();
  /** By rules: texts, and what is cached for them. */
  #plans = new Map<readonly CacheRule[], RememberedTexts<CachePlan>>();

  constructor(options: DatabaseCacheOptions) {
    this.#options = options;
    this.upstream = options.upstream;
    this.served = options.served;
    this.watch = new CatalogWatch({
      ...options.watch,
      events: {
        loaded: (rows) => this.#loaded(rows),
        redefined: () => this.#forget(everything, 'outside'),
        unchanged: (askedAtMs) => {
          if (askedAtMs > this.#mayDefineAtMs) this.#mayDefineAtMs = -Infinity;
        },
        notified: (payload) => this.#notified(payload),
        present: (presence) => options.present(this.#presences.saw(presence)),
        lost: () => this.#lost(),
      },
    });
  }

  /** Whether anything is cached now; otherwise it is connecting, or reading definitions. */
  get isOn(): boolean {
    return this.#graph !== undefined && this.#unseen.length === 0;
  }

  /** No write of a lost backend can still be committed. */
  get isCertain(): boolean {
    return this.#broken.size === 0;
  }

  get relations(): number {
    return this.#graph?.size ?? 0;
  }

  tick(nowMs: number): void {
    this.watch.tick(nowMs);
    if (this.#unseen.length > 0) {
      this.#unseen = this.#unseen.filter((isOver) => !isOver());
      // Definitions changed meanwhile were not seen either.
      if (this.#unseen.length === 0) this.#redefined('lost');
    }
    while (this.#doubts[0] !== undefined && this.#doubts[0].untilMs <= nowMs) this.#doubts.shift()?.end();
  }

  /** Undefined: it is not cached. @param text read as latin1, which distinguishes texts as well as any encoding */
  planOf(text: string, rules: readonly CacheRule[], analysisOf: () => Analysis): CachePlan | undefined {
    const graph = this.#graph;
    if (graph === undefined || this.#unseen.length > 0) return undefined;
    let plans = this.#plans.get(rules);
    if (plans === undefined) this.#plans.set(rules, (plans = new RememberedTexts()));
    const plan = plans.of(text, () => this.#planned(graph, text, rules, analysisOf()));
    return plan?.of === 'metadata' && this.#mayBeRedefined ? undefined : plan;
  }

  /** Whether it may change something that its text does not name. @param text UTF-8 read as latin1 */
  runsUnseen(analysis: Analysis, text: string): boolean {
    const graph = this.#graph ?? this.#former;
    if (graph === undefined || analysis.kind !== 'read') return false;
    return analysis.statements.some(
      (statement) =>
        graph.runsUnseen(statement, text) ||
        // While definitions are being read again, an unknown function may be a new one.
        (this.#graph === undefined &&
          !statement.readsCatalogOnly &&
          !statement.reads.every((name) => graph.knows(name))),
    );
  }

  /** Tracks what a backend writes. */
  writesOf(backend: Backend): BackendWrites {
    const known = backend.writes;
    // A transaction tracked by the previous cache ends there; until then nothing is cached here.
    if (known !== undefined && (this.#written.has(known) || known.hasPending)) return known;
    const writes = new BackendWrites({
      committed: (changes) => this.#committed(changes),
      uncertain: (changes) => this.#uncertain(changes, backend),
    });
    if (known?.isUnfollowed === true) writes.unfollowed(anything);
    this.#written.add(writes);
    backend.writes = writes;
    return writes;
  }

  /** Somebody may be writing without being observed. */
  awaitUnseen(isOver: () => boolean): void {
    this.#unseen.push(isOver);
  }

  /** Another cache takes over, and must know what is uncertain here. */
  succeededBy(successor: DatabaseCache): void {
    this.#successor = successor;
    for (const { processId } of this.#broken) successor.doubtAll(processId);
  }

  /** The server reported that something is missing or has changed: somebody may have redefined it. */
  notFound(): void {
    this.watch.look(this.#options.now());
  }

  /** Removes what belongs to a single session, since nobody else reads it. */
  withoutUnknown(changes: readonly Changes[]): readonly Changes[] {
    return changes.map((each) => {
      const relations = each.relations.filter((name) => this.#graph?.knows(name) !== false);
      return relations.length === each.relations.length ? each : { ...each, relations };
    });
  }

  /** Another instance has changed something. */
  changedElsewhere(ids: readonly EpochId[]): void {
    if (ids.includes(schema)) this.#redefined('outside');
    else this.#forget(ids, 'outside');
  }

  /** Changes made by others may have been missed. */
  missed(): void {
    this.#forget(everything, 'lost');
    this.watch.look(this.#options.now());
  }

  /** Whether this database shows that a silent instance has ended. */
  hasEnded(instance: string): boolean {
    const nowMs = this.#options.now();
    this.watch.look(nowMs);
    return this.#presences.hasEnded(instance, nowMs);
  }

  /** Something was defined that concerns the whole cluster. */
  clusterChanged(): void {
    this.#redefined('ddl');
  }

  /** Somebody needs the database without sessions. */
  vacate(): void {
    this.watch.leave(this.#options.now());
  }

  reconnect(): void {
    this.watch.reconnect(this.#options.now());
  }

  close(): void {
    this.watch.close();
  }

  #planned(graph: RelationGraph, text: string, rules: readonly CacheRule[], analysis: Analysis): CachePlan | undefined {
    const statement = analysis.kind === 'read' && analysis.statements.length === 1 ? analysis.statements[0] : undefined;
    if (statement === undefined) return undefined;
    const ids = graph.dependencies(statement, text);
    if (ids === undefined) return undefined;
    const { ttlMs, keepsMetadata } = this.#options;
    if (ids.includes(schema)) return keepsMetadata ? { ids, of: 'metadata', ttlMs } : undefined;
    const rule = ruleOf(rules, statement);
    return rule === undefined ? undefined : { ids, of: 'rows', ttlMs: Math.min(rule.ttlMs ?? ttlMs, ttlMs) };
  }

  #committed(changes: readonly Changes[]): void {
    const isRedefined = changes.some((each) => each.schema !== 'none');
    this.#forget(this.#idsOf(changes), isRedefined ? 'ddl' : 'write');
    if (changes.some((each) => this.#mayDefine(each))) this.#look();
    if (!isRedefined) return;
    this.#reload();
    if (changes.some((each) => each.schema === 'cluster')) this.#options.clusterChanged();
  }

  get #mayBeRedefined(): boolean {
    return this.#mayDefineAtMs > -Infinity;
  }

  #look(): void {
    this.#mayDefineAtMs = this.#options.now();
    this.watch.look(this.#mayDefineAtMs);
  }

  /** It contains code with unknown effects, or an unknown relation. */
  #mayDefine({ isUnseen, executes, calls, relations }: Changes): boolean {
    const graph = this.#graph;
    if (isUnseen || executes !== undefined || graph === undefined) return true;
    return relations.some((name) => !graph.knows(name)) || calls.some((call) => graph.mayWrite(call));
  }

  #uncertain(changes: readonly Changes[], { key }: Backend): void {
    this.#options.invalidated('lost');
    const ids = this.#idsOf(changes);
    const certain = this.epochs.doubt(ids);
    this.#options.share(ids);
    this.#successor?.doubtAll(key?.processId);
    this.#whenGone(key?.processId, () => {
      certain();
      this.#options.share(ids);
    });
  }

  /** Something that this process has written may still change, until the process is gone. */
  doubtAll(processId: number | undefined): void {
    const certain = this.epochs.doubt(everything);
    this.#whenGone(processId, () => {
      certain();
      this.#options.share(everything);
    });
  }

  #whenGone(processId: number | undefined, then: () => void): void {
    const broken = { processId };
    this.#broken.add(broken);
    const end = (): void => {
      this.#broken.delete(broken);
      then();
    };
    if (processId === undefined) this.#doubts.push({ untilMs: this.#options.now() + doubtMs, end });
    else this.watch.whenGone(processId, end);
  }

  #idsOf(changes: readonly Changes[]): readonly EpochId[] {
    const graph = this.#graph;
    if (graph === undefined) return everything;
    const ids = new Set(changes.flatMap((each) => graph.changed(each)));
    // Through a new trigger, rule or foreign key, a write may reach anything.
    if (this.#mayBeRedefined && ids.size > 0) ids.add(whole);
    return [...ids];
  }

  #forget(ids: readonly EpochId[], why: Invalidation): void {
    if (ids.length === 0) return;
    this.#options.invalidated(why);
    this.epochs.bump(ids);
    if (why === 'write' || why === 'ddl') this.#options.share(ids);
  }

  #redefined(why: Invalidation): void {
    this.#forget(everything, why);
    this.#reload();
  }

  #reload(): void {
    this.#former = this.#graph ?? this.#former;
    this.#graph = undefined;
    this.watch.load();
  }

  #loaded(rows: CatalogRows): void {
    this.#plans = new Map();
    this.#former = undefined;
    this.#graph = new RelationGraph(rows, (text) => this.#options.analyser.analyseLarge(text));
  }

  #lost(): void {
    this.#former = this.#graph ?? this.#former;
    this.#graph = undefined;
    this.#presences.lost();
    this.#forget(everything, 'lost');
  }

  #notified(payload: string): void {
    if (payload === '' || payload === 'ddl') return this.#redefined('outside');
    const dot = payload.indexOf('.');
    const relation = dot < 0 ? { name: payload } : { schema: payload.slice(0, dot), name: payload.slice(dot + 1) };
    const changes: Changes = {
      relations: [relation],
      calls: [],
      isUnseen: false,
      schema: 'none',
      isTruncation: true,
      executes: undefined,
    };
    this.#forget(this.#idsOf([changes]), 'outside');
  }
}
