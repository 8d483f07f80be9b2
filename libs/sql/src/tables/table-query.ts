import type { Node, ResTarget, SelectStmt, SortBy } from 'libpg-query';
import { bodyOf, constantText, hasPart, kindOf, lastNameOf, namesOf } from '../ast.ts';
import { aggregateNames, GroupAccumulators } from './aggregates.ts';
import { boundsOf } from './bounds.ts';
import type { Cell, CellType } from './cell.ts';
import { areDecimal, decimal, fail, notSupported, type Row, type Run, type Typed } from './compiled.ts';
import { as, commonType, typed } from './conversion.ts';
import { Expressions } from './expressions.ts';
import { From, rowsMax, type Condition, type DerivedTable, type EqualColumns, type Relation } from './from.ts';
import { Grouping } from './grouping.ts';
import type { Parameters } from './parameters.ts';
import { OuterScope, Scope, type ScopeColumn } from './scope.ts';
import { SortOrder } from './sort-order.ts';
import type { Tables } from './source.ts';
import type { Subquery } from './subqueries.ts';
import { Windows } from './windows.ts';

/** A column of the result. */
export interface Output {
  readonly name: string;
  readonly type: CellType;
  readonly isDecimal?: boolean;
}

/** A compiled SELECT. */
export interface Query extends DerivedTable {
  readonly columns: readonly Output[];
  rows(run: Run): readonly Row[];
}

interface Target {
  readonly name: string;
  readonly node: Node | undefined;
  readonly value: Typed;
}

/** Maximum nesting of queries. */
const depthMax = 20;

export interface PlannerOptions {
  readonly tables: Tables;
  readonly parameters: Parameters;
  readonly named?: ReadonlyMap<string, DerivedTable>;
  readonly depth?: number;
  /** Set for a subquery. */
  readonly outer?: OuterScope | undefined;
}

/** Compiles SELECT statements. */
export class Planner {
  readonly #options: PlannerOptions;
  #named: ReadonlyMap<string, DerivedTable>;
  readonly #depth: number;

  constructor(options: PlannerOptions) {
    this.#options = options;
    this.#named = options.named ?? new Map();
    this.#depth = options.depth ?? 0;
    if (this.#depth > depthMax) fail('54001', 'queries stand too deep in each other');
  }

  plan(select: SelectStmt): Query {
    this.#planWith(select);
    if (select.intoClause !== undefined) notSupported('SELECT INTO');
    if (select.lockingClause !== undefined) notSupported('a row lock');
    if (select.windowClause !== undefined) notSupported('WINDOW');
    if (select.op !== undefined && select.op !== 'SETOP_NONE') return this.#combined(select);
    if (select.valuesLists !== undefined) return this.#values(select);
    return this.#select(select);
  }

  #inner(outer = this.#options.outer): Planner {
    return new Planner({ ...this.#options, named: this.#named, depth: this.#depth + 1, outer });
  }

  #scopeOf(columns: readonly ScopeColumn[]): Scope {
    return new Scope(columns, this.#options.outer);
  }

  #planWith({ withClause }: SelectStmt): void {
    if (withClause === undefined) return;
    if (withClause.recursive === true) notSupported('WITH RECURSIVE', withClause.location);
    const named = new Map(this.#named);
    for (const node of withClause.ctes ?? []) {
      const { ctename = '', ctequery, aliascolnames } = bodyOf(node, 'CommonTableExpr') ?? {};
      this.#named = new Map(named);
      const query = this.#inner().planNode(ctequery as Node);
      const names = namesOf(aliascolnames);
      named.set(ctename, {
        columns: query.columns.map(({ name, type }, index) => ({ name: names[index] ?? name, type })),
        rows: (run) => query.rows(run),
      });
    }
    this.#named = named;
  }

  planNode(node: Node): Query {
    const select = bodyOf(node, 'SelectStmt');
    return select === undefined ? notSupported('a query that changes something') : this.plan(select);
  }

  #expressions(scope: Scope): Expressions {
    const { parameters, tables } = this.#options;
    const subquery = (node: Node, around: Scope): Subquery => {
      const seen = new OuterScope(around);
      const query = this.#inner(seen).planNode(node);
      return {
        isCorrelated: seen.isReferenced,
        types: query.columns.map(({ type }) => type),
        rows: (run) => query.rows(run),
      };
    };
    return new Expressions({ scope, parameters, session: tables.session, subquery });
  }

  #from(nodes: readonly Node[]): Relation {
    return new From({
      tables: this.#options.tables,
      named: this.#named,
      derived: (node) => this.#inner().planNode(node),
      conditions: (node, columns) => {
        const scope = this.#scopeOf(columns);
        return conditionsOf(node, scope, this.#expressions(scope));
      },
      value: (node) => this.#expressions(this.#scopeOf([])).typed(node),
      valueAs: (node, type) => this.#expressions(this.#scopeOf([])).as(node, type),
    }).compile(nodes);
  }

  #select(select: SelectStmt): Query {
    const { fromClause = [], whereClause } = select;
    const relation = this.#from(fromClause);
    const scope = this.#scopeOf(relation.columns);
    const plain = this.#expressions(scope);
    const conditions = conditionsOf(whereClause, scope, plain);
    const wanted = boundsOf(fromClause.length === 1 ? whereClause : undefined, scope, (node, type) => {
      const value = plain.compile(node);
      return type === 'unknown' || commonType(value.type, type) !== type
        ? value
        : as(value, type, this.#options.parameters);
    });
    const grouping = this.#groupingOf(select, scope, plain);
    const single = grouping === undefined ? plain : plain.grouped(grouping);
    const width = (): number =>
      grouping === undefined ? relation.columns.length : grouping.keys.length + grouping.aggregates.length;
    const windows = new Windows(width);
    const expressions = single.windowed(windows);
    const targets = this.#targets(select, scope, expressions);
    const having = select.havingClause === undefined ? undefined : single.as(select.havingClause, 'bool');
    const finish = this.#finish(select, targets, expressions);
    return {
      columns: targets.map(({ name, value }) => ({ name, type: value.type, ...decimal(value.isDecimal) })),
      rows: (run) => {
        const found = relation.rows(run, wanted(run), conditions);
        const together = grouping === undefined ? found : grouped(found, grouping, run);
        const kept = having === undefined ? together : together.filter((row) => having.evaluate(row, run) === true);
        return finish(windows.withValues(kept, run), run);
      },
    };
  }

  /** The grouping of a query; undefined if it has none. */
  #groupingOf(select: SelectStmt, scope: Scope, plain: Expressions): Grouping | undefined {
    const { groupClause, havingClause, targetList = [], sortClause = [] } = select;
    const hasAggregate = [...targetList, ...sortClause].some(callsAggregate);
    if (groupClause === undefined && havingClause === undefined && !hasAggregate) return undefined;
    const grouping = new Grouping(scope);
    for (const node of groupClause ?? []) {
      if (kindOf(node) === 'GroupingSet') notSupported('GROUPING SETS');
      const meant = this.#resolveGroupKey(node, select, scope);
      grouping.addKey(meant, plain.typed(meant));
    }
    return grouping;
  }

  /** The expression of a GROUP BY item: an ordinal, a column, or an output name. */
  #resolveGroupKey(node: Node, { targetList = [] }: SelectStmt, scope: Scope): Node {
    const targets = targetList.flatMap((target) => bodyOf(target, 'ResTarget') ?? []);
    const ordinal = ordinalOf(node);
    if (ordinal !== undefined)
      return targets[ordinal - 1]?.val ?? fail('42P10', `GROUP BY position ${ordinal} is not in select list`);
    const name = outputName(node);
    if (name === undefined || scope.columns.some((column) => column.name === name)) return node;
    return targets.find((target) => target.name === name)?.val ?? node;
  }

  #targets({ targetList = [] }: SelectStmt, scope: Scope, expressions: Expressions): Target[] {
    return targetList.flatMap((node) => {
      const target = bodyOf(node, 'ResTarget') ?? {};
      return starOf(target) ? this.#star(target, scope, expressions) : [this.#target(target, expressions)];
    });
  }

  #star({ val }: ResTarget, scope: Scope, expressions: Expressions): Target[] {
    const reference = bodyOf(val, 'ColumnRef') ?? {};
    if (scope.columns.length === 0) fail('42601', 'SELECT * with no tables specified is not valid', reference.location);
    return scope.star(namesOf(reference.fields).at(-1), reference.location).map((index) => {
      const { relation = '', name = '' } = scope.columns[index] ?? {};
      const fields = [relation, name].filter((word) => word !== '').map((sval) => ({ String: { sval } }));
      const node: Node = { ColumnRef: { fields } };
      return { name, node, value: expressions.typed(node) };
    });
  }

  #target({ name, val }: ResTarget, expressions: Expressions): Target {
    if (val === undefined) return notSupported('an empty output');
    return { name: name ?? nameOf(val), node: val, value: expressions.typed(val) };
  }

  /** Compiles outputs, DISTINCT, ORDER BY and LIMIT. */
  #finish(
    select: SelectStmt,
    targets: readonly Target[],
    expressions: Expressions,
  ): (rows: readonly Row[], run: Run) => readonly Row[] {
    const { distinctClause } = select;
    const distinctOn = (distinctClause ?? []).filter((node) => Object.keys(node).length > 0);
    const isDistinct = distinctClause !== undefined && distinctOn.length === 0;
    const sorts = (select.sortClause ?? []).flatMap((node) => bodyOf(node, 'SortBy') ?? []);
    const keys = sorts.map((sort) => this.#sortKey(sort, targets, expressions));
    if (isDistinct && keys.some((key) => !targets.some(({ value }) => value === key)))
      fail('42P10', 'for SELECT DISTINCT, ORDER BY expressions must appear in select list');
    const ofFirst = distinctOn.map((node) => this.#sortKey({ node }, targets, expressions));
    const written = new Set(distinctOn.map(sourceKey));
    const isNamed = ({ node }: SortBy, index: number): boolean =>
      written.has(sourceKey(node)) || ofFirst.includes(keys[index] as Typed);
    if (distinctOn.length > 0 && !sorts.slice(0, distinctOn.length).every(isNamed))
      fail('42P10', 'SELECT DISTINCT ON expressions must match initial ORDER BY expressions');
    const order = new SortOrder(sorts);
    const limit = this.#limit(select);
    return (rows, run) => {
      const outputs = rows.map((row) => ({
        row: targets.map(({ value }) => value.evaluate(row, run)),
        keys: keys.map((key) => key.evaluate(row, run)),
        first: ofFirst.map((key) => key.evaluate(row, run)),
      }));
      const kept = order.sorted(isDistinct ? distinct(outputs, ({ row }) => row) : outputs);
      const firsts = distinctOn.length > 0 ? distinct(kept, ({ first }) => first) : kept;
      return limit(
        firsts.map(({ row }) => row),
        run,
      );
    };
  }

  /** The expression of an ORDER BY item: an ordinal, an output name, or any expression. */
  #sortKey({ node }: SortBy, targets: readonly Target[], expressions: Expressions): Typed {
    const ordinal = ordinalOf(node);
    if (ordinal !== undefined)
      return targets[ordinal - 1]?.value ?? fail('42P10', `ORDER BY position ${ordinal} is not in select list`);
    const name = outputName(node as Node);
    const named = name === undefined ? undefined : targets.find((target) => target.name === name);
    if (named !== undefined) return named.value;
    const same = targets.find((target) => target.node !== undefined && sourceKey(target.node) === sourceKey(node));
    return same?.value ?? expressions.typed(node as Node);
  }

  #limit({ limitCount, limitOffset, limitOption }: SelectStmt): (rows: readonly Row[], run: Run) => readonly Row[] {
    if (limitOption === 'LIMIT_OPTION_WITH_TIES') notSupported('WITH TIES');
    const expressions = this.#expressions(this.#scopeOf([]));
    const count = limitCount === undefined ? undefined : expressions.as(limitCount, 'int8');
    const offset = limitOffset === undefined ? undefined : expressions.as(limitOffset, 'int8');
    return (rows, run) => {
      const from = Number(offset?.evaluate([], run) ?? 0);
      const most = count?.evaluate([], run) ?? null;
      if (from < 0) fail('2201X', 'OFFSET must not be negative');
      if (most !== null && Number(most) < 0) fail('2201W', 'LIMIT must not be negative');
      return rows.slice(from, most === null ? undefined : from + Number(most));
    };
  }

  #values({ valuesLists = [], sortClause, limitCount }: SelectStmt): Query {
    if (sortClause !== undefined || limitCount !== undefined) notSupported('VALUES with ORDER BY or LIMIT');
    const expressions = this.#expressions(this.#scopeOf([]));
    const lists = valuesLists.map((node) => (bodyOf(node, 'List')?.items ?? []).map((item) => expressions.typed(item)));
    const [first = []] = lists;
    if (lists.some((list) => list.length !== first.length || list.some(({ type }, at) => type !== first[at]?.type)))
      fail('42804', 'VALUES lists must all be of the same length and types');
    return {
      columns: first.map(({ type }, index) => ({ name: `column${index + 1}`, type })),
      rows: (run) => lists.map((list) => list.map((value) => value.evaluate([], run))),
    };
  }

  #combined(select: SelectStmt): Query {
    if (select.larg === undefined || select.rarg === undefined) return notSupported('this kind of query');
    const combine = combinations[select.op ?? ''] ?? notSupported('this kind of query');
    if (select.all === true && select.op !== 'SETOP_UNION') notSupported('INTERSECT ALL and EXCEPT ALL');
    const [left, right] = [this.#inner().plan(select.larg), this.#inner().plan(select.rarg)];
    const types = left.columns.map(({ type }, index) => {
      const common = commonType(type, right.columns[index]?.type ?? 'unknown');
      return common ?? fail('42804', 'UNION types cannot be matched');
    });
    if (left.columns.length !== right.columns.length)
      fail('42601', 'each UNION query must have the same number of columns');
    const columns = left.columns.map((column, index) => ({
      name: column.name,
      type: types[index] ?? 'text',
      ...decimal(areDecimal([column, right.columns[index] ?? column])),
    }));
    const scope = this.#scopeOf(columns.map((column) => ({ ...column, relation: '' })));
    const expressions = this.#expressions(scope);
    const targets = columns.map(({ name, type }, index) => ({
      name,
      node: undefined,
      value: typed({ type, evaluate: (row: Row) => row[index] ?? null }, this.#options.parameters),
    }));
    const finish = this.#finish(
      { ...select, ...(select.all !== true && { distinctClause: [{} as Node] }) },
      targets,
      expressions,
    );
    return { columns, rows: (run) => finish(limited(combine(left.rows(run), right.rows(run))), run) };
  }
}

/** UNION, INTERSECT and EXCEPT; duplicates are removed afterwards unless ALL is given. */
const combinations: Readonly<Record<string, (left: readonly Row[], right: readonly Row[]) => readonly Row[]>> = {
  SETOP_UNION: (left, right) => [...left, ...right],
  SETOP_INTERSECT: (left, right) => left.filter(membershipIn(right, true)),
  SETOP_EXCEPT: (left, right) => left.filter(membershipIn(right, false)),
};

function membershipIn(rows: readonly Row[], isWanted: boolean): (row: Row) => boolean {
  const names = new Set(rows.map((row) => JSON.stringify(row)));
  return (row) => names.has(JSON.stringify(row)) === isWanted;
}

function conditionsOf(node: Node | undefined, scope: Scope, expressions: Expressions): Condition[] {
  return conjunctsOf(node).map((part) => ({
    holds: expressions.as(part, 'bool'),
    width: scope.widthOf(part),
    equal: equalColumns(part, scope),
  }));
}

/** The columns of a condition `a.x = b.y`. */
function equalColumns(node: Node, scope: Scope): EqualColumns | undefined {
  const { kind, name, lexpr, rexpr } = bodyOf(node, 'A_Expr') ?? {};
  const columns = [lexpr, rexpr].map((side) => bodyOf(side, 'ColumnRef'));
  if (kind !== 'AEXPR_OP' || lastNameOf(name) !== '=') return undefined;
  const places = columns.map((column) => (column === undefined ? -1 : scope.indexOf(column)));
  const [first = -1, second = -1] = places.sort((one, other) => one - other);
  return first < 0 ? undefined : [first, second];
}

/** The conjuncts of a condition. */
function conjunctsOf(where: Node | undefined): Node[] {
  if (where === undefined) return [];
  const logic = bodyOf(where, 'BoolExpr');
  return logic?.boolop === 'AND_EXPR' ? (logic.args ?? []).flatMap(conjunctsOf) : [where];
}

function limited(rows: readonly Row[]): readonly Row[] {
  return rows.length > rowsMax ? fail('54000', 'too many rows would have to be looked at') : rows;
}

function grouped(rows: readonly Row[], { keys, aggregates }: Grouping, run: Run): Row[] {
  const groups = new Map<string, { readonly key: Cell[]; readonly group: GroupAccumulators }>();
  if (keys.length === 0) groups.set('[]', { key: [], group: new GroupAccumulators(aggregates, run) });
  for (const row of rows) {
    const key = keys.map((value) => value.evaluate(row, run));
    const name = JSON.stringify(key);
    const known = groups.get(name) ?? { key, group: new GroupAccumulators(aggregates, run) };
    groups.set(name, known);
    known.group.add(row, run);
  }
  return [...groups.values()].map(({ key, group }) => [...key, ...group.results()]);
}

function distinct<T>(outputs: readonly T[], cellsOf: (output: T) => readonly Cell[]): T[] {
  const seen = new Set<string>();
  return outputs.filter((output) => {
    const name = JSON.stringify(cellsOf(output));
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

function callsAggregate(node: Node): boolean {
  return hasPart(node, (part) => {
    const call = bodyOf(part, 'FuncCall');
    return call?.over === undefined && aggregateNames.has(lastNameOf(call?.funcname) ?? '');
  });
}

/** The value of an integer constant; protobuf omits zero. */
function ordinalOf(node: Node | undefined): number | undefined {
  const whole = bodyOf(node, 'A_Const')?.ival;
  return whole === undefined ? undefined : (whole.ival ?? 0);
}

/** A text that is equal for expressions that are written alike. */
const sourceKey = (node: Node | undefined): string => JSON.stringify(node ?? {}).replaceAll(/"location":\d+/g, '');

function starOf({ val }: ResTarget): boolean {
  const last = bodyOf(val, 'ColumnRef')?.fields?.at(-1);
  return last !== undefined && bodyOf(last, 'A_Star') !== undefined;
}

/** The name of an unqualified column. */
function outputName(node: Node): string | undefined {
  const names = namesOf(bodyOf(node, 'ColumnRef')?.fields);
  return names.length === 1 ? names[0] : undefined;
}

/** PostgreSQL names a CASE by its ELSE if that has a name other than its type's. */
function nameOfCase(otherwise: Node | undefined): string {
  const inner = uncast(otherwise);
  const name = inner === undefined ? '?column?' : nameOf(inner);
  return name === '?column?' ? 'case' : name;
}

function uncast(node: Node | undefined): Node | undefined {
  const cast = bodyOf(node, 'TypeCast');
  return cast === undefined ? node : uncast(cast.arg);
}

/** PostgreSQL's name for an output without an alias. */
function nameOf(node: Node): string {
  const column = namesOf(bodyOf(node, 'ColumnRef')?.fields).at(-1);
  const call = namesOf(bodyOf(node, 'FuncCall')?.funcname).at(-1);
  const cast = bodyOf(node, 'TypeCast');
  const fact = bodyOf(node, 'SQLValueFunction')?.op;
  const array = bodyOf(node, 'A_Indirection')?.arg;
  if (column !== undefined) return column;
  if (array !== undefined) return nameOf(array);
  if (call !== undefined) return call;
  if (fact !== undefined) return fact.replace('SVFOP_', '').toLowerCase();
  if (cast !== undefined) {
    const arg = uncast(node);
    const inner = arg === undefined || constantText(arg) !== undefined ? '?column?' : nameOf(arg);
    return inner === '?column?' ? (namesOf(cast.typeName?.names).at(-1) ?? inner) : inner;
  }
  const kind = kindOf(node);
  if (kind === 'CoalesceExpr') return 'coalesce';
  if (kind === 'A_ArrayExpr') return 'array';
  if (kind === 'CaseExpr') return nameOfCase(bodyOf(node, 'CaseExpr')?.defresult);
  if (kind === 'MinMaxExpr') return bodyOf(node, 'MinMaxExpr')?.op === 'IS_LEAST' ? 'least' : 'greatest';
  if (bodyOf(node, 'A_Expr')?.kind === 'AEXPR_NULLIF') return 'nullif';
  const { subLinkType, subselect } = bodyOf(node, 'SubLink') ?? {};
  if (subLinkType === 'EXISTS_SUBLINK') return 'exists';
  const inner = bodyOf(bodyOf(subselect, 'SelectStmt')?.targetList?.[0], 'ResTarget');
  if (subLinkType === 'EXPR_SUBLINK' && inner?.val !== undefined) return inner.name ?? nameOf(inner.val);
  return '?column?';
}
