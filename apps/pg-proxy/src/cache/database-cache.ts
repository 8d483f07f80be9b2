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

/** What is kept of a text, by which cache. */
export interface CachePlan {
  readonly ids: readonly EpochId[];
  readonly of: 'rows' | 'metadata';
  readonly ttlMs: number;
}

export interface DatabaseCacheOptions {
  /** The server. */
  readonly upstream: string;
  /** What the server calls it. */
  readonly served: string;
  readonly analyser: SqlAnalyser;
  readonly keepsMetadata: boolean;
  readonly ttlMs: number;
  readonly now: () => number;
  readonly watch: Omit<CatalogWatchOptions, 'events'>;
  /** DDL that every database of the server sees. */
  readonly clusterChanged: () => void;
  readonly invalidated: (why: Invalidation) => void;
  /** Other instances are to hear of it. */
  readonly share: (ids: readonly EpochId[]) => void;
  /** These instances are at work there. */
  readonly present: (instances: Iterable<string>) => void;
}

export const invalidations = ['write', 'ddl', 'outside', 'lost'] as const;
/** Why something was forgotten. A closed set: it labels a metric. */
export type Invalidation = (typeof invalidations)[number];

const everything: readonly EpochId[] = [whole, schema];
/** Without a number of the process nobody can say that it is gone. */
const doubtMs = 300_000;

/** What one database is known to hold, and what becomes of it: who reads and who writes asks here. */
export class DatabaseCache {
  readonly upstream: string;
  readonly served: string;
  readonly epochs = new Epochs();
  readonly watch: CatalogWatch;
  readonly #options: DatabaseCacheOptions;
  readonly #presences = new Presences();
  #graph: RelationGraph | undefined;
  /** As it was before something was defined, while that is read. */
  #former: RelationGraph | undefined;
  /** When code that nobody can see into was committed; until somebody has looked, it may have defined something. */
  #mayDefineAtMs = -Infinity;
  readonly #doubts: { readonly untilMs: number; readonly end: () => void }[] = [];
  /** Backends that broke in the middle of a write, by their processes; undefined where nobody knows it. */
  readonly #broken = new Set<{ readonly processId: number | undefined }>();
  /** Takes over with a RELOAD. */
  #successor: DatabaseCache | undefined;
  /** What somebody may still write unseen: until all of them say that it is over, nothing is kept. */
  #unseen: (() => boolean)[] = [];
  readonly #written = new WeakSet<BackendWrites>();
  /** By rules: texts with what is kept of them. */
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

  /** Whether anything is kept now; else it is connecting, or reading what is defined. */
  get isOn(): boolean {
    return this.#graph !== undefined && this.#unseen.length === 0;
  }

  /** Nothing that broke in the middle of a write may still be committed. */
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
      // What was defined meanwhile was not seen either.
      if (this.#unseen.length === 0) this.#redefined('lost');
    }
    while (this.#doubts[0] !== undefined && this.#doubts[0].untilMs <= nowMs) this.#doubts.shift()?.end();
  }

  /** Undefined: it is not kept. @param text in latin1, which tells texts apart as well as any other */
  planOf(text: string, rules: readonly CacheRule[], analysisOf: () => Analysis): CachePlan | undefined {
    const graph = this.#graph;
    if (graph === undefined || this.#unseen.length > 0) return undefined;
    let plans = this.#plans.get(rules);
    if (plans === undefined) this.#plans.set(rules, (plans = new RememberedTexts()));
    const plan = plans.of(text, () => this.#planned(graph, text, rules, analysisOf()));
    return plan?.of === 'metadata' && this.#mayBeRedefined ? undefined : plan;
  }

  /** Whether it may change what its text does not name. @param text in latin1 */
  runsUnseen(analysis: Analysis, text: string): boolean {
    const graph = this.#graph ?? this.#former;
    if (graph === undefined || analysis.kind !== 'read') return false;
    return analysis.statements.some(
      (statement) =>
        graph.runsUnseen(statement, text) ||
        // While what is defined is read again, one that is not known may be new.
        (this.#graph === undefined &&
          !statement.readsCatalogOnly &&
          !statement.reads.every((name) => graph.knows(name))),
    );
  }

  /** What a backend writes. */
  writesOf(backend: Backend): BackendWrites {
    const known = backend.writes;
    // What a cache before this one has begun to follow it ends; until then nothing is kept here.
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

  /** Somebody is at work whose writes are not seen here. */
  awaitUnseen(isOver: () => boolean): void {
    this.#unseen.push(isOver);
  }

  /** Another one takes its place: it has to know of what is uncertain here. */
  succeededBy(successor: DatabaseCache): void {
    this.#successor = successor;
    for (const { processId } of this.#broken) successor.doubtAll(processId);
  }

  /** The server said that something is not there, or not as it was: somebody may have changed that. */
  notFound(): void {
    this.watch.look(this.#options.now());
  }

  /** Without what is a session's own: nobody else reads it. */
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

  /** Something may have been missed that others have changed. */
  missed(): void {
    this.#forget(everything, 'lost');
    this.watch.look(this.#options.now());
  }

  /** Whether an instance that is silent is seen to have ended here. */
  hasEnded(instance: string): boolean {
    const nowMs = this.#options.now();
    this.watch.look(nowMs);
    return this.#presences.hasEnded(instance, nowMs);
  }

  /** Somewhere in the cluster something was defined. */
  clusterChanged(): void {
    this.#redefined('ddl');
  }

  /** Somebody wants nobody to be in it. */
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

  /** Code that is not seen, and a relation that nobody knows. */
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

  /** Something of it may change until that process of the server is gone. */
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
    // By a trigger, a rule or a foreign key that is new, what is written may reach anything.
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
      ...{ relations: [relation], calls: [], isUnseen: false, schema: 'none', isTruncation: true, executes: undefined },
    };
    this.#forget(this.#idsOf([changes]), 'outside');
  }
}
