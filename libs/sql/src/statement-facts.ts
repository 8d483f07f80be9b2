import type {
  CommonTableExpr,
  CopyStmt,
  DropStmt,
  FuncCall,
  Node,
  RangeVar,
  SelectStmt,
  TruncateStmt,
  WithClause,
} from 'libpg-query';
import { bodyOf, namesOf } from './ast.ts';
import { certainEffects } from './certain-effects.ts';
import { unknownTextFacts } from './code-facts.ts';
import { functionEffects } from './function-effects.ts';
import { aggregateFunctions, vectorFunctions, volatilityOf, moreVolatile, type Volatility } from './known-functions.ts';
import type { SessionEffect } from './session-effect.ts';
import type { RelationName, StatementFeatures } from './statement.ts';

type Fields = Readonly<Record<string, unknown>>;
/** Names of WITH queries, which hide tables. */
type Scope = ReadonlySet<string>;

const vectorOperators: ReadonlySet<string> = new Set(['<->', '<=>', '<#>', '<+>']);
const vectorTypes: ReadonlySet<string> = new Set(['vector', 'halfvec', 'sparsevec']);

/** Facts collected by one walk over a statement: its relations, its function calls, and the features for its workload class. */
export class StatementFacts {
  readonly #reads = new Map<string, RelationName>();
  readonly #writes = new Map<string, RelationName>();
  readonly #calls = new Set<string>();
  readonly #effects: SessionEffect[] = [];
  readonly effects: readonly SessionEffect[];
  volatility: Volatility = 'immutable';
  locksRows = false;
  #features: { -readonly [Name in keyof StatementFeatures]: StatementFeatures[Name] } = {
    joins: 0,
    subqueries: 0,
    hasAggregate: false,
    hasGrouping: false,
    hasWindow: false,
    hasRecursion: false,
    hasVector: false,
    hasFilter: false,
    hasLimit: false,
    rowsOfValues: 0,
  };

  constructor(statement: Node) {
    this.#walk(statement, new Set());
    this.effects = this.#effects.length === 0 ? this.#effects : certainEffects(statement, this.#effects);
    const select = bodyOf(statement, 'SelectStmt');
    if (select !== undefined) {
      this.#features.hasLimit = select.limitCount !== undefined;
      this.#features.hasFilter = isFiltered(select);
    }
  }

  get reads(): RelationName[] {
    return [...this.#reads.values()];
  }

  get writes(): RelationName[] {
    return [...this.#writes.values()];
  }

  get calls(): string[] {
    return [...this.#calls];
  }

  get features(): StatementFeatures {
    return this.#features;
  }

  #walk(value: unknown, scope: Scope): void {
    if (Array.isArray(value)) {
      for (const each of value) this.#walk(each, scope);
    } else if (typeof value === 'object' && value !== null) {
      for (const name in value) this.#field(name, (value as Fields)[name], scope);
    }
  }

  #field(name: string, value: unknown, scope: Scope): void {
    switch (name) {
      case 'SelectStmt':
        return this.#select(value as SelectStmt, scope);
      case 'InsertStmt':
      case 'UpdateStmt':
      case 'DeleteStmt':
      case 'MergeStmt':
        return this.#query(value as Fields, scope);
      case 'RangeVar':
        return this.#read(value as RangeVar, scope);
      case 'FuncCall':
        this.#call(value as FuncCall);
        break;
      case 'JoinExpr':
        this.#features.joins++;
        break;
      case 'SubLink':
      case 'RangeSubselect':
        this.#features.subqueries++;
        break;
      case 'SQLValueFunction':
        this.volatility = moreVolatile(this.volatility, 'stable');
        this.#calls.add(valueFunctionName((value as { op?: string }).op));
        break;
      case 'RangeTableSample':
        this.volatility = 'volatile';
        break;
      case 'A_Expr':
        if (namesOf((value as { name?: Node[] }).name).some((word) => vectorOperators.has(word)))
          this.#features.hasVector = true;
        break;
      case 'TypeName':
      case 'typeName':
        if (namesOf((value as { names?: Node[] }).names).some((word) => vectorTypes.has(word)))
          this.#features.hasVector = true;
        return;
      case 'CopyStmt':
        this.#copy(value as CopyStmt, scope);
        return;
      case 'TruncateStmt':
        for (const each of (value as TruncateStmt).relations ?? []) this.#write(bodyOf(each, 'RangeVar') ?? {});
        return;
      case 'DropStmt':
        this.#drop(value as DropStmt);
        return;
      case 'lockingClause':
        this.locksRows = true;
        return; // its names are aliases
      default:
        if (isRelation(value)) return this.#write(value);
    }
    this.#walk(value, scope);
  }

  #select(select: SelectStmt, scope: Scope): void {
    if (select.groupClause !== undefined) this.#features.hasGrouping = true;
    this.#features.rowsOfValues += select.valuesLists?.length ?? 0;
    this.#features.joins += Math.max(0, (select.fromClause?.length ?? 0) - 1);
    if (select.windowClause !== undefined) this.#features.hasWindow = true;
    this.#query(select as unknown as Fields, scope);
  }

  /** Walks SELECT, INSERT, UPDATE, DELETE and MERGE. The unwrapped field `relation` is the target. */
  #query(query: Fields, outer: Scope): void {
    const scope = query['withClause'] === undefined ? outer : this.#with(query['withClause'] as WithClause, outer);
    for (const name in query) {
      const value = query[name];
      if (name === 'withClause') continue;
      if (name === 'larg' || name === 'rarg') this.#select(value as SelectStmt, scope);
      else this.#field(name, value, scope);
    }
  }

  #with(clause: WithClause, outer: Scope): Scope {
    const scope = new Set(outer);
    const tables = (clause.ctes ?? []).map((node): CommonTableExpr => bodyOf(node, 'CommonTableExpr') ?? {});
    if (clause.recursive === true) {
      this.#features.hasRecursion = true;
      for (const { ctename } of tables) scope.add(ctename ?? '');
    }
    for (const table of tables) {
      this.#walk(table.ctequery, new Set(scope));
      scope.add(table.ctename ?? '');
    }
    return scope;
  }

  #read(relation: RangeVar, scope: Scope): void {
    if (relation.schemaname === undefined && scope.has(relation.relname ?? '')) return;
    this.#reads.set(keyOf(relation), nameOf(relation));
  }

  #write(relation: RangeVar): void {
    this.#writes.set(keyOf(relation), nameOf(relation));
    if (isSettings(relation)) this.#effects.push({ kind: 'code', ...unknownTextFacts });
  }

  #copy(copy: CopyStmt, scope: Scope): void {
    if (copy.relation !== undefined) {
      if (copy.is_from === true) this.#write(copy.relation);
      else this.#read(copy.relation, scope);
    }
    this.#walk(copy.query, scope);
  }

  #drop({ objects = [], removeType }: DropStmt): void {
    for (const object of objects) {
      const words = namesOf(bodyOf(object, 'List')?.items);
      if (partsOfTables.has(removeType ?? '')) words.pop();
      const [schemaname, relname] = [words.at(-2), words.at(-1)];
      if (relname !== undefined) this.#write({ ...(schemaname === undefined ? {} : { schemaname }), relname });
    }
  }

  #call(call: FuncCall): void {
    const words = namesOf(call.funcname);
    const name = words.at(-1) ?? '';
    const schema = words.length > 1 ? words[0] : undefined;
    this.volatility = moreVolatile(this.volatility, volatilityOf(name, schema));
    this.#calls.add(schema === undefined || schema === 'pg_catalog' ? name : words.join('.'));
    if (call.over !== undefined) this.#features.hasWindow = true;
    else if (aggregateFunctions.has(name)) this.#features.hasAggregate = true;
    if (vectorFunctions.has(name)) this.#features.hasVector = true;
    this.#effects.push(...functionEffects(name, schema, call));
  }
}

/** The function name of an SQL value function, such as `SVFOP_CURRENT_TIMESTAMP_N`. */
function valueFunctionName(op = ''): string {
  return op
    .replace(/^SVFOP_/, '')
    .replace(/_N$/, '')
    .toLowerCase();
}

function isFiltered(select: SelectStmt): boolean {
  if (select.larg !== undefined && select.rarg !== undefined) return isFiltered(select.larg) && isFiltered(select.rarg);
  return select.whereClause !== undefined || select.fromClause === undefined;
}

/** Whether a field is an unwrapped RangeVar, as targets of statements are. */
function isRelation(value: unknown): value is RangeVar {
  return typeof value === 'object' && value !== null && 'relname' in value && 'relpersistence' in value;
}

/** Object types that DROP names together with their table. */
const partsOfTables: ReadonlySet<string> = new Set(['OBJECT_RULE', 'OBJECT_TRIGGER', 'OBJECT_POLICY']);

/** Whether a relation is pg_settings, whose UPDATE sets settings. */
const isSettings = ({ schemaname = 'pg_catalog', relname }: RangeVar): boolean =>
  schemaname === 'pg_catalog' && relname === 'pg_settings';

const keyOf = ({ schemaname, relname }: RangeVar): string => `${schemaname ?? ''}\0${relname ?? ''}`;

function nameOf({ schemaname, relname }: RangeVar): RelationName {
  return { ...(schemaname === undefined ? {} : { schema: schemaname }), name: relname ?? '' };
}
