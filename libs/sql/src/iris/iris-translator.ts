import { LRUCache } from 'lru-cache';
import type { CopyStmt, DefElem, ExplainStmt, LockStmt, Node, RawStmt, SelectStmt, TruncateStmt } from 'libpg-query';
import { bodyOf, constantText, kindOf, namesOf } from '../ast.ts';
import { commandOf, hasOption } from '../command.ts';
import { loadParser, parseSql, tooDeep, type SqlFault } from '../pg-parser.ts';
import { isIrisPassthrough } from '../sql-comment.ts';
import { askedSettings } from './asked-settings.ts';
import { emptyCatalog, type SqlCatalog } from './catalog.ts';
import { printDelete, printInsert, printUpdate, type PrintedChange, type PrintedStep } from './changes.ts';
import { isSchemaColumn } from './comparison.ts';
import { printCopyIn, selectOf } from './copies.ts';
import { copyOptions } from './copy-options.ts';
import { irisDialect, type IrisDialect } from './dialect.ts';
import { TranslationBudget } from './translation-budget.ts';
import { printPredicate, printValue } from './expression.ts';
import { Marks } from './fragment.ts';
import { printRelation } from './from.ts';
import type { Hazard } from './guards.ts';
import { inferType } from './inference.ts';
import { schemaMap, type SchemaMap } from './names.ts';
import { printLockedRows } from './locked-rows.ts';
import { printMerge } from './merge.ts';
import { withKnownValues, type KnownValues } from './known-values.ts';
import { passedThrough } from './passthrough.ts';
import type { PgType } from './pg-type.ts';
import type { PrintedQuery, Printing } from './printing.ts';
import { printQuery } from './query.ts';
import { placeOf, positionOf, refuse, Refusal } from './refusal.ts';
import {
  printAlterTable,
  printCreateIndex,
  printCreateTable,
  printCreateView,
  printDrop,
  printRename,
} from './schema.ts';
import type { Scope, VisibleColumn } from './scope.ts';
import { defaultPath, qualified, type SearchPath } from './search-path.ts';
import { shown } from './shown-steps.ts';
import { sqlCommandOf } from './sql-commands.ts';
import { parametersOf, type FirstParameter, type UntypedParameter } from './parameter-places.ts';
import { keyOf, type Translatable } from './translatable.ts';
import { printModes, printTransaction } from './transactions.ts';
import type { IrisStep, ResultColumn, Translation } from './translation.ts';
import { printTableOfQuery } from './table-of-query.ts';

export interface TranslatorOptions {
  /** Such as 2025.1.2. */
  readonly version: string;
  /** Schemas of PostgreSQL and IRIS. */
  readonly schemas?: Readonly<Record<string, string>>;
  /** False keeps the order of IRIS, so that indexes can serve ORDER BY; NULLs and numeric texts then come first. */
  readonly isOrderKept?: boolean;
  /** Command tags of statements without a counterpart in IRIS that succeed without effect. */
  readonly skipped?: readonly string[];
  readonly cacheBytesMax?: number;
}

const cacheBytesDefault = 16 * 1024 * 1024;

/**
 * Translates PostgreSQL SQL to IRIS SQL, by the parse tree and a list of supported constructs. Anything else is refused with 0A000 and its
 * position, so that no statement runs with another meaning.
 */
export class IrisTranslator {
  readonly #dialect: IrisDialect;
  readonly #schemas: SchemaMap;
  readonly #catalog: SqlCatalog;
  readonly #options: TranslatorOptions;
  readonly #cache: LRUCache<string, readonly Translation[]>;

  private constructor(options: TranslatorOptions, catalog: SqlCatalog) {
    this.#options = options;
    this.#dialect = irisDialect(options.version);
    this.#schemas = schemaMap(options.schemas);
    this.#catalog = catalog;
    this.#cache = new LRUCache({
      maxSize: options.cacheBytesMax ?? cacheBytesDefault,
      sizeCalculation: (translations, key) => 4 * key.length + 2_048 * (1 + translations.length),
    });
  }

  static async load(options: TranslatorOptions, catalog: SqlCatalog = emptyCatalog): Promise<IrisTranslator> {
    await loadParser();
    return new IrisTranslator(options, catalog);
  }

  get schemas(): SchemaMap {
    return this.#schemas;
  }

  /** Drops cached translations; call it when the tables have changed. */
  forget(): void {
    this.#cache.clear();
  }

  /** Returns a translation per statement; a text that cannot be parsed gives one refusal. */
  translate(
    text: string,
    types: readonly (PgType | undefined)[] = [],
    path: SearchPath = defaultPath,
    values?: KnownValues,
  ): readonly Translation[] {
    const asked = { text, types, path, values };
    const key = keyOf(asked);
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    const translations = this.#translate(asked);
    this.#cache.set(key, translations);
    return translations;
  }

  /** The cached translations, if there are any. */
  known(asked: Translatable): readonly Translation[] | undefined {
    return this.#cache.get(keyOf(asked));
  }

  /** Caches translations by a translator with the same options on another thread. */
  remember(asked: Translatable, translations: readonly Translation[]): void {
    this.#cache.set(keyOf(asked), translations);
  }

  #translate(asked: Translatable): readonly Translation[] {
    const { text } = asked;
    if (isIrisPassthrough(text)) return [passedThrough(text)];
    const parsing = parseSql(text);
    if (parsing.kind === 'fault') return [{ kind: 'refused', fault: parsing.fault }];
    return parsing.statements.map((statement) => this.#translateOne(asked, statement));
  }

  #translateOne(asked: Translatable, { stmt, stmt_location = 0, stmt_len }: RawStmt): Translation {
    const { text, types, path, values } = asked;
    try {
      if (stmt === undefined) return refuse('an empty statement');
      const end = stmt_len === undefined ? Buffer.byteLength(text) : stmt_location + stmt_len;
      const command = sqlCommandOf(stmt, text, { start: stmt_location, end });
      if (command !== undefined) return { kind: 'command', command };
      const { statement, wanted, arrays } = withKnownValues(qualified(stmt, path, this.#catalog), types, values);
      const translation = this.#statement(statement, { types, wanted, arrays, isKnown: values !== undefined });
      if (translation.kind !== 'iris') return translation;
      const { highest, untyped, first } = parametersOf(stmt);
      const faults = untyped.map((each) => ({ number: each.number, fault: untypedFault(each, text) }));
      return {
        ...translation,
        highest,
        untyped: faults,
        ...(first !== undefined && { unbound: unboundFault(first, text) }),
      };
    } catch (error) {
      if (error instanceof RangeError) return { kind: 'refused', fault: tooDeep };
      if (!(error instanceof Refusal)) throw error;
      return { kind: 'refused', fault: faultOf(error, text, stmt_location) };
    }
  }

  #statement(node: Node, parameters: Parameters): Translation {
    if (localKinds.has(kindOf(node))) return localOrModes(node);
    const asked = askedSettings(node);
    if (asked !== undefined) return { kind: 'local', asked };
    const explained = bodyOf(node, 'ExplainStmt');
    if (explained !== undefined) return this.#explain(explained, parameters);
    const p = this.#printing(parameters);
    const copied = bodyOf(node, 'CopyStmt');
    if (copied?.is_from === true) return printCopyIn(p, copied);
    if (copied !== undefined) return this.#copyOut(p, copied);
    return finished(p, this.#printed(p, node), node, [...parameters.wanted.keys()]);
  }

  #printing({ types, wanted, arrays }: Parameters): Printing {
    const printed = new Map<SelectStmt, Map<string, PrintedQuery>>();
    const effort = new TranslationBudget();
    const p: Printing = {
      dialect: this.#dialect,
      catalog: this.#catalog,
      schemas: this.#schemas,
      marks: new Marks(),
      parameterTypes: types,
      inferredTypes: new Map(wanted),
      arrayTypes: new Map(arrays),
      textParameters: [],
      isOrderKept: this.#options.isOrderKept ?? true,
      hazards: [],
      divisions: new Set(),
      domains: new Set(),
      checks: [],
      query: (select, outer, options) => effort.query(printQuery(p, select, outer, options)),
      queryValue: (select, scope: Scope, options = {}) => {
        const known = printed.get(select) ?? new Map<string, PrintedQuery>();
        printed.set(select, known);
        const way = JSON.stringify(options);
        const query = known.get(way) ?? p.query(select, scope, options);
        known.set(way, query);
        return query;
      },
      value: (value, scope) => effort.part(printValue(p, value, scope)),
      predicate: (value, scope) => effort.part(printPredicate(p, value, scope)),
    };
    return p;
  }

  #printed(p: Printing, node: Node): PrintedChange {
    const select = bodyOf(node, 'SelectStmt');
    if (select?.lockingClause !== undefined)
      return printLockedRows(p, select, (query, extraCondition) =>
        printQuery(p, query, undefined, { isTop: true, ...(extraCondition === undefined ? {} : { extraCondition }) }),
      );
    if (select !== undefined) {
      const { sql, columns } = printQuery(p, select, undefined, { isTop: true });
      return { steps: [{ sql, isResult: true }], ...(columns === undefined ? {} : { columns }) };
    }
    const insert = bodyOf(node, 'InsertStmt');
    if (insert !== undefined) return printInsert(p, insert);
    const update = bodyOf(node, 'UpdateStmt');
    if (update !== undefined) return printUpdate(p, update);
    const made = bodyOf(node, 'CreateTableAsStmt');
    if (made !== undefined) return printTableOfQuery(p, made);
    const remove = bodyOf(node, 'DeleteStmt');
    if (remove !== undefined) return printDelete(p, remove);
    const merge = bodyOf(node, 'MergeStmt');
    if (merge !== undefined) return printMerge(p, merge);
    return { steps: this.#definition(p, node).map((sql) => ({ sql, isResult: false })) };
  }

  #copyOut(p: Printing, copied: CopyStmt): Translation {
    const { query, relation, attlist, filename, options } = copied;
    if (filename !== undefined) return refuse('COPY to a file of the server');
    const inner = query ?? selectOf(relation ?? {}, attlist ?? []);
    const translation = finished(p, this.#printed(p, inner), inner);
    if (translation.kind !== 'iris' || bodyOf(inner, 'SelectStmt') === undefined) return refuse('COPY of this');
    return { kind: 'copyOut', query: translation, options: copyOptions(options, false) };
  }

  #definition(p: Printing, node: Node): readonly string[] {
    const transaction = bodyOf(node, 'TransactionStmt');
    if (transaction !== undefined) return printTransaction(transaction);
    const create = bodyOf(node, 'CreateStmt');
    if (create !== undefined) return [printCreateTable(p, create)];
    const index = bodyOf(node, 'IndexStmt');
    if (index !== undefined) return [printCreateIndex(p, index)];
    const view = bodyOf(node, 'ViewStmt');
    if (view !== undefined) return [printCreateView(p, view)];
    const drop = bodyOf(node, 'DropStmt');
    if (drop !== undefined) return printDrop(p, drop);
    const alter = bodyOf(node, 'AlterTableStmt');
    if (alter !== undefined) return printAlterTable(p, alter);
    const rename = bodyOf(node, 'RenameStmt');
    if (rename !== undefined) return [printRename(p, rename)];
    return this.#other(p, node);
  }

  #other(p: Printing, node: Node): readonly string[] {
    const truncate = bodyOf(node, 'TruncateStmt');
    if (truncate !== undefined) return printTruncate(p, truncate);
    if (bodyOf(node, 'CreateExtensionStmt')?.extname === 'vector') return []; // vectors are built into IRIS
    const type = namesOf(bodyOf(node, 'CreateEnumStmt')?.typeName).at(-1);
    if (type !== undefined && p.catalog.isEnum(type)) return [];
    const lock = bodyOf(node, 'LockStmt');
    if (lock !== undefined) return printLock(lock);
    const kind = kindOf(node);
    if (kind === 'NotifyStmt') return refuse('NOTIFY', undefined, 'Nobody could LISTEN: IRIS has nothing for it.');
    if (this.#options.skipped?.includes(kind) === true) return [];
    if (type !== undefined)
      return refuse('CREATE TYPE', undefined, 'Declare its columns varchar(64), and cast to that.');
    const words = commandOf(node)?.words ?? kind;
    return refuse(words, undefined, `With "${kind}" in iris.skipped it succeeds without being done.`);
  }

  /** EXPLAIN (TRANSLATE) returns the translation; EXPLAIN is sent to IRIS. */
  #explain({ query, options = [] }: ExplainStmt, parameters: Parameters): Translation {
    if (query === undefined) return refuse('this EXPLAIN');
    const inner = this.#statement(query, parameters);
    const { wanted, isKnown } = parameters;
    if (hasOption(options, 'translate') && wanted.size > 0 && !isKnown)
      return refuse('a statement whose translation depends on a parameter', undefined, 'Write its value out.');
    if (hasOption(options, 'translate')) return { kind: 'answer', column: 'QUERY PLAN', rows: shown(inner) };
    const [step, ...more] = inner.kind === 'iris' ? inner.steps : [];
    const unknown = options.map((option) => bodyOf(option, 'DefElem') ?? {}).find((option) => !isOfDisplay(option));
    if (unknown !== undefined) return refuse(`EXPLAIN with ${unknown.defname ?? ''}`, unknown.location);
    if (step === undefined || more.length > 0) return refuse('EXPLAIN of this');
    const [first, ...rest] = step.pieces;
    const head = `EXPLAIN ${typeof first === 'string' ? first : ''}`;
    const columns: readonly ResultColumn[] = [{ label: 'QUERY PLAN', type: 'text', holdsSchema: false }];
    return {
      kind: 'iris',
      steps: [{ ...step, pieces: [head, ...rest], isResult: true }],
      columns,
      hazards: [],
      meanings: new Map(),
      constants: [...wanted.keys()],
      parameterTypes: inner.kind === 'iris' ? inner.parameterTypes : new Map(),
      arrayTypes: inner.kind === 'iris' ? inner.arrayTypes : new Map(),
      highest: 0,
      untyped: [],
    };
  }
}

/** The parameters of a statement. */
interface Parameters {
  /** Types declared by the client. */
  readonly types: readonly (PgType | undefined)[];
  /** Parameters that the translation depends on. */
  readonly wanted: ReadonlyMap<number, PgType>;
  /** Those of them that are arrays, by element type. */
  readonly arrays: ReadonlyMap<number, PgType>;
  /** Their values are known. */
  readonly isKnown: boolean;
}

/** Options of EXPLAIN that affect the display only. */
const ofDisplay: ReadonlySet<string> = new Set(['costs', 'verbose', 'settings', 'summary', 'generic_plan', 'memory']);

function isOfDisplay({ defname = '', arg }: DefElem): boolean {
  const value = (bodyOf(arg, 'String')?.sval ?? constantText(arg))?.toLowerCase() ?? '';
  if (defname === 'format') return value === 'text';
  return ofDisplay.has(defname) || value === 'off' || value === 'false' || value === '0';
}

/** Kinds of statements that the proxy answers itself. */
const localKinds: ReadonlySet<string> = new Set([
  'VariableSetStmt', 'VariableShowStmt', 'DiscardStmt', 'ListenStmt', 'UnlistenStmt', 'ConstraintsSetStmt',
]); // prettier-ignore

function localOrModes(node: Node): Translation {
  const { kind, name = '', args = [] } = bodyOf(node, 'VariableSetStmt') ?? {};
  const options = new Map<string | undefined, string | undefined>();
  if (kind === 'VAR_SET_MULTI' && name === 'TRANSACTION')
    for (const arg of args) options.set(bodyOf(arg, 'DefElem')?.defname, constantText(bodyOf(arg, 'DefElem')?.arg));
  else if (kind === 'VAR_SET_VALUE' && ofTransaction.has(name)) options.set(name, constantText(args[0]));
  else return { kind: 'local' };
  const isolation = options.get('transaction_isolation');
  if (isolation !== undefined) printModes({ isolation });
  const readOnly = options.get('transaction_read_only');
  return {
    kind: 'local',
    modes: { isReadOnly: readOnly === undefined ? undefined : /^(?:1|t|true|y|yes|on)$/i.test(readOnly) },
  };
}

const ofTransaction: ReadonlySet<string> = new Set(['transaction_isolation', 'transaction_read_only']);

function finished(
  p: Printing,
  { steps, columns }: PrintedChange,
  node: Node,
  constants: readonly number[] = [],
): Translation {
  checkIntervals(columns ?? [], node);
  for (const parameter of p.textParameters) inferType(p, { ParamRef: parameter }, 'text');
  const certain = p.hazards.find(({ risk }) => risk === 'certain');
  if (certain !== undefined) {
    const hint = `On IRIS ${p.dialect.version} ${certain.meaning} (${certain.id}).`;
    throw new Refusal('a statement that this IRIS answers wrongly', { hint });
  }
  return {
    kind: 'iris',
    steps: [...p.checks.map(checkStep), ...steps].map(({ sql, kept, ...step }): IrisStep => {
      return { ...p.marks.assemble(sql), ...step, ...(kept === undefined ? {} : { kept: kept.map(resultColumn) }) };
    }),
    columns: columns?.map(resultColumn),
    hazards: unique(p.hazards),
    meanings: new Map([...meaningOf('22012', p.divisions), ...meaningOf('22023', p.domains)]),
    constants,
    parameterTypes: p.inferredTypes,
    arrayTypes: p.arrayTypes,
    highest: 0,
    untyped: [],
  };
}

/** The meaning of an SQLSTATE, if it is unambiguous. */
function meaningOf(state: string, meant: ReadonlySet<string>): readonly (readonly [string, string])[] {
  return meant.size === 1 && !meant.has(state) ? [...meant].map((one) => [state, one] as const) : [];
}

const checkStep = (sql: string): PrintedStep => ({ sql, isResult: false, only: 'ofNoRows' });

/** Refuses interval columns other than differences of timestamps, as their split into days and hours is unknown. */
function checkIntervals(columns: readonly VisibleColumn[], node: Node): void {
  const place = columns.findIndex(({ type, isDifference = false }) => type === 'interval' && !isDifference);
  if (place < 0) return;
  const target = bodyOf(node, 'SelectStmt')?.targetList?.[place];
  refuse('such an interval as a result', placeOf(target ?? node), 'Take extract(epoch from ...): it is the seconds.');
}

const unique = (hazards: readonly Hazard[]): readonly Hazard[] => [
  ...new Map(hazards.map((hazard) => [hazard.id, hazard])).values(),
];

function resultColumn({ name, label = name, type, scale, facts, computation, modifiers }: VisibleColumn): ResultColumn {
  return {
    label,
    type,
    holdsSchema: isSchemaColumn(name),
    scale,
    modifiers: facts?.modifiers ?? modifiers,
    ...(computation === undefined ? {} : { computation }),
  };
}

/** TRUNCATE in IRIS restarts identities, as RESTART IDENTITY does; otherwise DELETE is used. */
function printTruncate(p: Printing, { relations = [], restart_seqs, behavior }: TruncateStmt): readonly string[] {
  const tables = relations.map((each) => bodyOf(each, 'RangeVar') ?? {});
  if (behavior === 'DROP_CASCADE')
    return refuse('TRUNCATE ... CASCADE', tables[0]?.location, 'Name the tables that refer to it as well.');
  const verb = restart_seqs === true ? 'TRUNCATE TABLE' : 'DELETE FROM';
  return tables.map((table) => `${verb} ${printRelation(p, table)}`);
}

/** ACCESS SHARE. */
const lockOfReaders = 1;

/** ACCESS SHARE needs no lock in IRIS; other table locks in IRIS outlive the transaction, and are refused. */
function printLock({ mode, relations = [] }: LockStmt): readonly string[] {
  if (mode === lockOfReaders) return [];
  const { location } = bodyOf(relations[0], 'RangeVar') ?? {};
  return refuse(
    'LOCK TABLE in this mode',
    location,
    'A lock of IRIS outlives its transaction: /*iris*/ LOCK, and UNLOCK.',
  );
}

function untypedFault({ number, sqlstate, location }: UntypedParameter, text: string): SqlFault {
  const message = `could not determine data type of parameter $${number}`;
  if (location === undefined) return { sqlstate, message };
  return { sqlstate, message, position: positionOf(Buffer.from(text, 'utf8'), location) };
}

const unboundFault = ({ number, location }: FirstParameter, text: string): SqlFault =>
  faultOf(new Refusal(`there is no parameter $${number}`, { sqlstate: '42P02', location }), text, 0);

/** The fault of a refusal; without a location it is at the beginning of the statement. */
function faultOf(refusal: Refusal, text: string, start: number): SqlFault {
  const { message, sqlstate, hint, location = -1, isPlaceless } = refusal;
  const bytes = Buffer.from(text, 'utf8');
  let place = location;
  if (place < 0) for (place = start; place < bytes.length && (bytes[place] ?? 0) <= 0x20;) place++;
  return {
    sqlstate,
    message,
    ...(isPlaceless ? {} : { position: positionOf(bytes, place) }),
    ...(hint === undefined ? {} : { hint }),
  };
}
