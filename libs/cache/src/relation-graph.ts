import type { Analysis, RelationName, Statement } from '@medrex/sql';
import type { Changes } from './changes.ts';
import { definitions, wholeDatabase, type EpochId } from './epochs.ts';
import { isCacheable, mayWrite, type FunctionFacts } from './functions.ts';
import { mentionsCurrentTime, readableOf } from './readable.ts';
import { isHarmless } from './hidden-code.ts';

/** The result of `catalogQuery`. */
export interface CatalogRows {
  readonly relations: readonly (readonly [
    id: number,
    schema: string,
    name: string,
    kind: string,
    hasRowSecurity: boolean,
    definition: string | null,
  ])[];
  readonly parents: readonly (readonly [child: number, parent: number])[];
  readonly references: readonly (readonly [referred: number, referring: number, cascades: boolean])[];
  /** Functions that run without being named; `w`: when the relation is written, `r`: also when it is read. */
  readonly code: readonly (readonly [
    relation: number,
    runs: 'r' | 'w',
    language: string,
    name: string,
    code: string,
  ])[];
  /** Names that run code without a function call: operators, and functions in attribute notation (`ward.beds`). */
  readonly operators: readonly string[];
  readonly rowFunctions: readonly string[];
  /** Types with casts that run code, and the tables and functions that have values of these types. */
  readonly castWords: readonly string[];
  readonly rules: readonly number[];
  readonly functions: readonly (readonly [name: string, worst: number])[];
}

export const readCatalogRows = (text: string): CatalogRows => JSON.parse(text) as CatalogRows;

interface View {
  /** Undefined if unknown. */
  readonly reads: readonly RelationName[] | undefined;
  /** Whether its rows depend only on the relations that it reads. */
  readonly isCacheable: boolean;
}

interface Relation {
  readonly id: EpochId;
  readonly kind: string;
  readonly hasRowSecurity: boolean;
  readonly view: View | undefined;
}

const volatilities = ['immutable', 'stable', 'volatile'] as const;

/**
 * Resolves the names in a statement to relations: the tables that a view reads, and the tables that a write reaches by foreign keys,
 * partitions, triggers and rules. An unqualified name stands for all relations of that name in any schema, regardless of search_path,
 * which may invalidate too much but never too little.
 */
export class RelationGraph {
  readonly functions: FunctionFacts;
  readonly #byName = new Map<string, Relation[]>();
  readonly #byId = new Map<EpochId, Relation>();
  readonly #reached = new Map<EpochId, Set<EpochId>>();
  readonly #truncated = new Map<EpochId, Set<EpochId>>();
  /** Relations whose writes run code that may change anything. */
  readonly #unknownCodeOnWrite = new Set<EpochId>();
  /** Relations whose reads do, too. */
  readonly #unknownCodeOnRead = new Set<EpochId>();
  readonly #runsCode: (text: string) => boolean;
  readonly #reads = new Map<string, readonly EpochId[] | undefined>();

  /** @param read analyses the definition of a view */
  constructor(rows: CatalogRows, read: (text: string) => Analysis) {
    this.functions = new Map(rows.functions.map(([name, worst]) => [name, volatilities[worst] ?? 'volatile']));
    const runsCode = wordsIn(rows);
    this.#runsCode = runsCode;
    for (const [id, schema, name, kind, hasRowSecurity, definition] of rows.relations) {
      const view = definition === null ? undefined : this.#viewOf(definition, read);
      this.#add(schema, name, { id, kind, hasRowSecurity, view });
    }
    for (const [child, parent] of rows.parents) this.#linkPartition(child, parent);
    for (const [referred, referring, cascades] of rows.references) {
      this.#edge(this.#truncated, referred, referring);
      if (cascades) this.#edge(this.#reached, referred, referring);
    }
    this.#noteCode(rows);
    for (const id of rows.rules) this.#unknownCodeOnWrite.add(id);
  }

  get size(): number {
    return this.#byId.size;
  }

  /** The relations that an answer depends on; undefined if it must not be cached. */
  dependencies(statement: Statement, text: string): readonly EpochId[] | undefined {
    const readable = this.#runsCode(text) ? undefined : readableOf(statement, text, this.functions);
    if (readable?.kind !== 'rows') return readable === undefined ? undefined : schemaOnly;
    const ids = new Set<EpochId>([wholeDatabase]);
    for (const name of readable.relations) {
      const found = this.#readsOf(name);
      if (found === undefined) return undefined;
      for (const id of found) ids.add(id);
    }
    return [...ids];
  }

  /** The relations whose answers are invalid once the changes are committed. */
  changed(changes: Changes): readonly EpochId[] {
    if (changes.runsUnknownCode || changes.executes !== undefined || changes.schema !== 'none') return everything;
    // TRUNCATE changes the catalogue too: size and file of the table.
    const ids = new Set<EpochId>(changes.isTruncation ? schemaOnly : []);
    // If the function changes definitions, polling `definitionsQuery` finds that.
    if (changes.calls.some((call) => this.mayWrite(call))) ids.add(wholeDatabase);
    for (const name of changes.relations) if (!this.#collect(name, changes.isTruncation, ids)) ids.add(wholeDatabase);
    return [...ids];
  }

  /** Whether a read may change anything because it runs unnamed code: of a view, a policy, an operator. */
  runsUnknownCode({ reads }: Statement, text: string): boolean {
    if (this.#unknownCodeOnRead.size > 0 && reads.some((name) => this.#readRunsUnknownCode(name, new Set())))
      return true;
    return this.#runsCode(text);
  }

  /** Whether a function may change a table. */
  mayWrite(call: string): boolean {
    return mayWrite(call, this.functions);
  }

  /** Whether a relation of that name is known. */
  knows(name: RelationName): boolean {
    return this.#find(name).length > 0;
  }

  #add(schema: string, name: string, relation: Relation): void {
    this.#byId.set(relation.id, relation);
    for (const key of [`.${name}`, `${schema}.${name}`]) {
      const found = this.#byName.get(key);
      if (found === undefined) this.#byName.set(key, [relation]);
      else found.push(relation);
    }
  }

  #viewOf(definition: string, read: (text: string) => Analysis): View {
    const analysis = read(definition);
    const [statement] = analysis.kind === 'read' ? analysis.statements : [];
    if (statement === undefined) return { reads: undefined, isCacheable: false };
    const { reads, calls, locksRows } = statement;
    const isSettledCode = calls.every((call) => isCacheable(call, this.functions)) && !this.#runsCode(definition);
    return { reads, isCacheable: isSettledCode && !locksRows && !mentionsCurrentTime(definition) };
  }

  #noteCode({ code, relations }: CatalogRows): void {
    const reading = new Set(code.flatMap(([id, runs]) => (runs === 'r' ? [id] : [])));
    const names = relations.flatMap(([id, , name]) => (reading.has(id) ? [name.toLowerCase()] : []));
    const runsCode = (text: string): boolean => {
      const folded = text.toLowerCase();
      return this.#runsCode(text) || names.some((name) => folded.includes(name));
    };
    for (const [id, runs, language, name, source] of code) {
      if (isHarmless({ language, name, code: source }, this.functions, runsCode)) continue;
      this.#unknownCodeOnWrite.add(id);
      if (runs === 'r') this.#unknownCodeOnRead.add(id);
    }
  }

  #readRunsUnknownCode(name: RelationName, seen: Set<EpochId>): boolean {
    return this.#find(name).some(({ id, view }) => {
      if (seen.has(id)) return false;
      seen.add(id);
      return (
        this.#unknownCodeOnRead.has(id) || view?.reads?.some((read) => this.#readRunsUnknownCode(read, seen)) === true
      );
    });
  }

  /** A write to a partition changes its table, and the other way round. */
  #linkPartition(child: EpochId, parent: EpochId): void {
    this.#edge(this.#reached, child, parent);
    this.#edge(this.#reached, parent, child);
  }

  #edge(edges: Map<EpochId, Set<EpochId>>, from: EpochId, to: EpochId): void {
    const found = edges.get(from);
    if (found === undefined) edges.set(from, new Set([to]));
    else found.add(to);
  }

  #find({ schema = '', name }: RelationName): readonly Relation[] {
    return this.#byName.get(`${schema}.${name}`) ?? [];
  }

  #readsOf(name: RelationName): readonly EpochId[] | undefined {
    const key = `${name.schema ?? ''}.${name.name}`;
    if (this.#reads.has(key)) return this.#reads.get(key);
    this.#reads.set(key, undefined); // breaks a cycle
    const found = this.#find(name).map((relation) => this.#readsOfOne(relation));
    if (found.length === 0) {
      this.#reads.delete(key); // unknown names must not fill the map
      return undefined;
    }
    const ids = found.includes(undefined) ? undefined : [...new Set(found.flatMap((each) => each ?? []))];
    this.#reads.set(key, ids);
    return ids;
  }

  #readsOfOne({ id, kind, hasRowSecurity, view }: Relation): readonly EpochId[] | undefined {
    if (kind === 'v') {
      const read = view?.isCacheable === true ? view.reads?.map((name) => this.#readsOf(name)) : undefined;
      return read === undefined || read.includes(undefined) ? undefined : [id, ...read.flatMap((each) => each ?? [])];
    }
    const isOwn = (kind === 'r' || kind === 'p' || kind === 'm') && !hasRowSecurity;
    return isOwn ? [id] : undefined;
  }

  /** Collects the relations that a write reaches. False: it may change anything. */
  #collect(name: RelationName, isTruncation: boolean, ids: Set<EpochId>): boolean {
    const found = this.#find(name);
    return found.length > 0 && found.every((relation) => this.#follow(relation, isTruncation, ids));
  }

  #follow(relation: Relation, isTruncation: boolean, ids: Set<EpochId>): boolean {
    if (ids.has(relation.id)) return true;
    ids.add(relation.id);
    if (this.#unknownCodeOnWrite.has(relation.id) || relation.kind === 'f') return false;
    if (relation.kind === 'v')
      return relation.view?.reads?.every((name) => this.#collect(name, isTruncation, ids)) === true;
    const more = [this.#reached.get(relation.id), isTruncation ? this.#truncated.get(relation.id) : undefined];
    return more.every((next) => [...(next ?? [])].every((id) => this.#followId(id, isTruncation, ids)));
  }

  #followId(id: EpochId, isTruncation: boolean, ids: Set<EpochId>): boolean {
    const relation = this.#byId.get(id);
    return relation === undefined || this.#follow(relation, isTruncation, ids);
  }
}

/** A test whether a text contains one of these words. Nearly always there are no such words. */
function wordsIn({ operators, rowFunctions, castWords }: CatalogRows): (text: string) => boolean {
  if (operators.length + rowFunctions.length + castWords.length === 0) return () => false;
  const rows = wordOf(rowFunctions, '\\.\\s*"?');
  const casts = wordOf(castWords, '(?<![\\w$])');
  return (text) =>
    operators.some((operator) => text.includes(operator)) || rows?.test(text) === true || casts?.test(text) === true;
}

function wordOf(words: readonly string[], before: string): RegExp | undefined {
  if (words.length === 0) return undefined;
  // Texts of clients are read as latin1.
  const latin1 = words.map((name) => String.fromCharCode(...new TextEncoder().encode(name)));
  const names = [...new Set([...words, ...latin1])].map((name) => name.replaceAll(/[^\w]/g, '\\$&'));
  return new RegExp(`${before}(?:${names.join('|')})(?![\\w$])`, 'i');
}

const everything: readonly EpochId[] = [wholeDatabase, definitions];
const schemaOnly: readonly EpochId[] = [definitions];
