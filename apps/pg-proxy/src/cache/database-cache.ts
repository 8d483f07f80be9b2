import {
  anyChange,
  BackendWrites,
  Epochs,
  TextCache,
  RelationGraph,
  ruleOf,
  definitions,
  wholeDatabase,
  type CacheRule,
  type CatalogRows,
  type Changes,
  type EpochId,
} from '@medrex/cache';
import type { Analysis, SqlAnalyser } from '@medrex/sql';
import type { Backend } from '../session/backend/backend.ts';
import { CatalogWatch, type CatalogWatchOptions } from './catalog-watch.ts';
import { InstancePresence } from './presence.ts';

/** What is cached for a text, and in which cache. */
export interface CachePlan {
  readonly ids: readonly EpochId[];
  readonly cache: 'rows' | 'metadata';
  readonly ttlMs: number;
}

export interface DatabaseCacheOptions {
  /** The server. */
  readonly upstream: string;
  /** Its name at the server. */
  readonly serverName: string;
  readonly analyser: SqlAnalyser;
  readonly keepsMetadata: boolean;
  readonly ttlMs: number;
  readonly now: () => number;
  readonly watch: Omit<CatalogWatchOptions, 'events'>;
  /** A change of definitions that every database of the server sees. */
  readonly clusterChanged: () => void;
  readonly invalidated: (why: Invalidation) => void;
  /** Other instances must be told. */
  readonly reportChanges: (ids: readonly EpochId[]) => void;
  /** Others have, or may have, changed this at the server: answers that instances share are invalid. */
  readonly changedOutside: (ids: readonly EpochId[]) => void;
  /** These instances are connected to the database. */
  readonly present: (instances: Iterable<string>) => void;
}

export const invalidations = ['write', 'ddl', 'outside', 'lost'] as const;
/** Why something was dropped. A closed set: it labels a metric. */
export type Invalidation = (typeof invalidations)[number];

const everything: readonly EpochId[] = [wholeDatabase, definitions];
/** How long a write by a process without a known number counts as uncertain, in ms. */
const uncertainMs = 300_000;

/** What is known about the contents of one database, and what becomes of it: both reads and writes are checked here. */
export class DatabaseCache {
  readonly upstream: string;
  readonly serverName: string;
  readonly epochs = new Epochs();
  readonly watch: CatalogWatch;
  readonly #options: DatabaseCacheOptions;
  readonly #presence = new InstancePresence();
  #graph: RelationGraph | undefined;
  /** The definitions before a change, while the new ones are being read. */
  #previousGraph: RelationGraph | undefined;
  /** When a function with unknown effects was committed: until the definitions have been checked, it may have changed them. */
  #mayDefineAtMs = -Infinity;
  readonly #uncertainties: { readonly untilMs: number; readonly end: () => void }[] = [];
  /** Backends lost in the middle of a write, by process id; undefined where that is unknown. */
  readonly #lostBackends = new Set<{ readonly processId: number | undefined }>();
  /** The cache that takes over after a RELOAD. */
  #successor: DatabaseCache | undefined;
  /** Requests that may still write without being observed: nothing is cached until all of them have ended. */
  #unobserved: (() => boolean)[] = [];
  readonly #trackedHere = new WeakSet<BackendWrites>();
  /** By rules: texts, and what is cached for them. */
  #plans = new Map<readonly CacheRule[], TextCache<CachePlan>>();

  constructor(options: DatabaseCacheOptions) {
    this.#options = options;
    this.upstream = options.upstream;
    this.serverName = options.serverName;
    this.watch = new CatalogWatch({
      ...options.watch,
      events: {
        loaded: (rows) => this.#loaded(rows),
        redefined: () => this.#changedOutside(everything),
        unchanged: (askedAtMs) => {
          if (askedAtMs > this.#mayDefineAtMs) this.#mayDefineAtMs = -Infinity;
        },
        listening: () => options.changedOutside(everything),
        notified: (payload) => this.#notified(payload),
        present: (presence) => options.present(this.#presence.update(presence)),
        lost: () => this.#lost(),
      },
    });
  }

  /** Whether anything is cached now; otherwise it is connecting, or reading definitions. */
  get isOn(): boolean {
    return this.#graph !== undefined && this.#unobserved.length === 0;
  }

  /** No write of a lost backend can still be committed. */
  get isCertain(): boolean {
    return this.#lostBackends.size === 0;
  }

  get relations(): number {
    return this.#graph?.size ?? 0;
  }

  tick(nowMs: number): void {
    this.watch.tick(nowMs);
    if (this.#unobserved.length > 0) {
      this.#unobserved = this.#unobserved.filter((isOver) => !isOver());
      // Definitions changed meanwhile were not seen either.
      if (this.#unobserved.length === 0) this.#redefined('lost');
    }
    while (this.#uncertainties[0] !== undefined && this.#uncertainties[0].untilMs <= nowMs)
      this.#uncertainties.shift()?.end();
  }

  /** Undefined: it is not cached. @param text read as latin1, which distinguishes texts as well as any encoding */
  planOf(text: string, rules: readonly CacheRule[], analysisOf: () => Analysis): CachePlan | undefined {
    const graph = this.#graph;
    if (graph === undefined || this.#unobserved.length > 0) return undefined;
    let plans = this.#plans.get(rules);
    if (plans === undefined) this.#plans.set(rules, (plans = new TextCache()));
    const plan = plans.of(text, () => this.#planned(graph, text, rules, analysisOf()));
    return plan?.cache === 'metadata' && this.#mayBeRedefined ? undefined : plan;
  }

  /** Whether it may change something that its text does not name. @param text UTF-8 read as latin1 */
  runsUnknownCode(analysis: Analysis, text: string): boolean {
    const graph = this.#graph ?? this.#previousGraph;
    if (graph === undefined || analysis.kind !== 'read') return false;
    return analysis.statements.some(
      (statement) =>
        graph.runsUnknownCode(statement, text) ||
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
    if (known !== undefined && (this.#trackedHere.has(known) || known.hasPending)) return known;
    const writes = new BackendWrites({
      committed: (changes) => this.#committed(changes),
      uncertain: (changes) => this.#uncertain(changes, backend),
    });
    if (known?.hasUntracked === true) writes.setUntracked(anyChange);
    this.#trackedHere.add(writes);
    backend.writes = writes;
    return writes;
  }

  /** Somebody may be writing without being observed. */
  suspendUntil(isOver: () => boolean): void {
    this.#unobserved.push(isOver);
  }

  /** Another cache takes over, and must know what is uncertain here. */
  handOverTo(successor: DatabaseCache): void {
    this.#successor = successor;
    for (const { processId } of this.#lostBackends) successor.markUncertain(processId);
  }

  /** The server reported that something is missing or has changed: somebody may have redefined it. */
  objectMissing(): void {
    this.watch.checkSoon(this.#options.now());
  }

  /** Removes what belongs to a single session, since nobody else reads it. */
  withoutUnknown(changes: readonly Changes[]): readonly Changes[] {
    return changes.map((each) => {
      const relations = each.relations.filter((name) => this.#graph?.knows(name) !== false);
      return relations.length === each.relations.length ? each : { ...each, relations };
    });
  }

  /** Another instance has changed something. */
  changedByOthers(ids: readonly EpochId[]): void {
    if (ids.includes(definitions)) this.#redefined('outside');
    else this.#invalidate(ids, 'outside');
  }

  /** Changes made by others may have been missed. */
  missed(): void {
    this.#invalidate(everything, 'lost');
    this.watch.checkSoon(this.#options.now());
  }

  /** Whether this database shows that a silent instance has ended. */
  hasEnded(instance: string): boolean {
    const nowMs = this.#options.now();
    this.watch.checkSoon(nowMs);
    return this.#presence.hasEnded(instance, nowMs);
  }

  /** Something was defined that concerns the whole cluster. */
  clusterChanged(): void {
    this.#redefined('ddl');
  }

  /** Somebody needs the database without sessions. */
  leave(): void {
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
    if (ids.includes(definitions)) return keepsMetadata ? { ids, cache: 'metadata', ttlMs } : undefined;
    const rule = ruleOf(rules, statement);
    return rule === undefined ? undefined : { ids, cache: 'rows', ttlMs: Math.min(rule.ttlMs ?? ttlMs, ttlMs) };
  }

  #committed(changes: readonly Changes[]): void {
    const isRedefined = changes.some((each) => each.schema !== 'none');
    this.#invalidate(this.#idsOf(changes), isRedefined ? 'ddl' : 'write');
    if (changes.some((each) => this.#mayDefine(each))) this.#checkDefinitionsSoon();
    if (!isRedefined) return;
    this.#reload();
    if (changes.some((each) => each.schema === 'cluster')) this.#options.clusterChanged();
  }

  get #mayBeRedefined(): boolean {
    return this.#mayDefineAtMs > -Infinity;
  }

  #checkDefinitionsSoon(): void {
    this.#mayDefineAtMs = this.#options.now();
    this.watch.checkSoon(this.#mayDefineAtMs);
  }

  /** It contains code with unknown effects, or an unknown relation. */
  #mayDefine({ runsUnknownCode, executes, calls, relations }: Changes): boolean {
    const graph = this.#graph;
    if (runsUnknownCode || executes !== undefined || graph === undefined) return true;
    return relations.some((name) => !graph.knows(name)) || calls.some((call) => graph.mayWrite(call));
  }

  #uncertain(changes: readonly Changes[], { key }: Backend): void {
    this.#options.invalidated('lost');
    const ids = this.#idsOf(changes);
    const certain = this.epochs.doubt(ids);
    this.#options.reportChanges(ids);
    this.#successor?.markUncertain(key?.processId);
    this.#whenGone(key?.processId, () => {
      certain();
      this.#options.reportChanges(ids);
    });
  }

  /** Something that this process has written may still change, until the process is gone. */
  markUncertain(processId: number | undefined): void {
    const certain = this.epochs.doubt(everything);
    this.#whenGone(processId, () => {
      certain();
      this.#options.reportChanges(everything);
    });
  }

  #whenGone(processId: number | undefined, then: () => void): void {
    const lost = { processId };
    this.#lostBackends.add(lost);
    const end = (): void => {
      this.#lostBackends.delete(lost);
      then();
    };
    if (processId === undefined) this.#uncertainties.push({ untilMs: this.#options.now() + uncertainMs, end });
    else this.watch.whenGone(processId, end);
  }

  #idsOf(changes: readonly Changes[]): readonly EpochId[] {
    const graph = this.#graph;
    if (graph === undefined) return everything;
    const ids = new Set(changes.flatMap((each) => graph.changed(each)));
    // Through a new trigger, rule or foreign key, a write may reach anything.
    if (this.#mayBeRedefined && ids.size > 0) ids.add(wholeDatabase);
    return [...ids];
  }

  #invalidate(ids: readonly EpochId[], why: Invalidation): void {
    if (ids.length === 0) return;
    this.#options.invalidated(why);
    this.epochs.bump(ids);
    if (why === 'write' || why === 'ddl') this.#options.reportChanges(ids);
  }

  /** Seen at the server; other instances may have put answers from before into the shared cache. */
  #changedOutside(ids: readonly EpochId[]): void {
    if (ids.length === 0) return;
    this.#invalidate(ids, 'outside');
    this.#options.changedOutside(ids);
  }

  #redefined(why: Invalidation): void {
    this.#invalidate(everything, why);
    this.#reload();
  }

  #reload(): void {
    this.#previousGraph = this.#graph ?? this.#previousGraph;
    this.#graph = undefined;
    this.watch.load();
  }

  #loaded(rows: CatalogRows): void {
    this.#plans = new Map();
    this.#previousGraph = undefined;
    this.#graph = new RelationGraph(rows, (text) => this.#options.analyser.analyseLarge(text));
  }

  #lost(): void {
    this.#previousGraph = this.#graph ?? this.#previousGraph;
    this.#graph = undefined;
    this.#presence.lost();
    this.#invalidate(everything, 'lost');
  }

  #notified(payload: string): void {
    if (payload === '' || payload === 'ddl') {
      this.#changedOutside(everything);
      return this.#reload();
    }
    const dot = payload.indexOf('.');
    const relation = dot < 0 ? { name: payload } : { schema: payload.slice(0, dot), name: payload.slice(dot + 1) };
    const changes: Changes = {
      relations: [relation],
      calls: [],
      runsUnknownCode: false,
      schema: 'none',
      isTruncation: true,
      executes: undefined,
    };
    this.#changedOutside(this.#idsOf([changes]));
  }
}
