import type { ColumnRef, Node, ResTarget, SelectStmt, WithClause } from 'libpg-query';
import { bodyOf, namesOf } from '../ast.ts';
import { exact } from './comparison.ts';
import { printFrom } from './from.ts';
import { isNullable, typeOf } from './inference.ts';
import { labelOf } from './labels.ts';
import { identifier } from './names.ts';
import { sortKeys } from './order.ts';
import { limitsOf, type Limits } from './limits.ts';
import { paged, printed, structured, type SortKey } from './pages.ts';
import { textTypes } from './pg-type.ts';
import type { PrintedQuery, Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import { Scope, type SeenColumn } from './scope.ts';
import { printNearestFirst } from './vector.ts';

export interface QueryOptions {
  /** The statement itself, not a part of one: here LIMIT may stand, and columns need no names. */
  readonly isTop?: boolean;
  /** Text has to come as it is stored, because the rows will be compared. */
  readonly isExact?: boolean;
  /** Other names for the columns, from the left. */
  readonly names?: readonly string[];
}

/** SELECT and VALUES, with all that may hang on it. */
export function printQuery(
  p: Printing,
  select: SelectStmt,
  outer: Scope | undefined,
  options: QueryOptions = {},
): PrintedQuery {
  if (select.lockingClause !== undefined)
    return refuse('FOR UPDATE', undefined, 'IRIS locks rows when they are changed.');
  if (select.intoClause !== undefined) return refuse('SELECT INTO', undefined, 'Write CREATE TABLE and INSERT.');
  const scope = new Scope(outer);
  const prefix = select.withClause === undefined ? '' : printWith(p, select.withClause, scope, options);
  const query = printBody(p, select, scope, options);
  return { ...query, sql: prefix + query.sql };
}

export function printSubquery(
  p: Printing,
  select: SelectStmt,
  outer: Scope | undefined,
  names: readonly string[] = [],
): PrintedQuery {
  return printQuery(p, select, outer, { names });
}

function printWith(p: Printing, clause: WithClause, scope: Scope, { isTop }: QueryOptions): string {
  if (!p.dialect.has('withClause'))
    return refuse(`WITH before IRIS ${p.dialect.since('withClause')}`, clause.location ?? 0);
  if (clause.recursive === true) return refuse('WITH RECURSIVE', clause.location ?? 0);
  if (isTop !== true) return refuse('WITH inside a query', clause.location ?? 0);
  const parts = (clause.ctes ?? []).map((node) => {
    const { ctename = '', ctequery, aliascolnames, location } = bodyOf(node, 'CommonTableExpr') ?? {};
    const select = bodyOf(ctequery, 'SelectStmt');
    if (select === undefined) return refuse('WITH of a statement that changes rows', location);
    const { sql, columns } = printQuery(p, select, scope, { names: namesOf(aliascolnames) });
    scope.named.set(ctename, columns);
    return `${identifier(ctename, location)} AS (${sql})`;
  });
  return `WITH ${parts.join(', ')} `;
}

function printBody(p: Printing, select: SelectStmt, scope: Scope, options: QueryOptions): PrintedQuery {
  if (select.op !== undefined && select.op !== 'SETOP_NONE') return printSetOperation(p, select, scope, options);
  if (select.valuesLists !== undefined) return printValues(p, select, scope, options);
  return new Block(p, select, scope, options).print();
}

/** A result column, as it is printed and as it is seen from outside. */
interface Target {
  readonly node: Node | undefined;
  readonly sql: string;
  readonly column: SeenColumn;
}

/** One SELECT ... FROM ... WHERE. */
class Block {
  readonly #p: Printing;
  readonly #select: SelectStmt;
  readonly #scope: Scope;
  readonly #options: QueryOptions;
  readonly #limits: Limits;

  constructor(p: Printing, select: SelectStmt, scope: Scope, options: QueryOptions) {
    this.#p = p;
    this.#select = select;
    this.#scope = scope;
    this.#options = options;
    this.#limits = limitsOf(p, select);
  }

  print(): PrintedQuery {
    const select = this.#select;
    if (select.windowClause !== undefined) return refuse('a named window', undefined, 'Write it out.');
    const from = select.fromClause === undefined ? '' : ` FROM ${printFrom(this.#p, select.fromClause, this.#scope)}`;
    const named = this.#targets();
    const groups = this.#groups(named);
    const targets = this.#printTargets(named, groups);
    const rest =
      from +
      this.#filter('WHERE', select.whereClause) +
      this.#groupBy(groups) +
      this.#filter('HAVING', select.havingClause);
    const isDistinctOn = select.distinctClause?.some((node) => Object.keys(node).length > 0) === true;
    const sql = isDistinctOn ? this.#distinctOn(targets, rest) : this.#ordered(targets, rest);
    return { sql, columns: targets === undefined ? undefined : targets.map(({ column }) => column) };
  }

  /** What stands behind SELECT; undefined entries stand for `*` over something unknown. */
  #targets(): readonly ResTarget[] {
    const targets = (this.#select.targetList ?? []).map((node) => bodyOf(node, 'ResTarget') ?? {});
    return targets.flatMap((target) => this.#expanded(target));
  }

  /** `*` becomes its columns where they are known and have to be touched. */
  #expanded(target: ResTarget): readonly ResTarget[] {
    const fields = bodyOf(target.val, 'ColumnRef')?.fields ?? [];
    if (bodyOf(fields.at(-1), 'A_Star') === undefined) return [target];
    const alias = fields.length > 1 ? bodyOf(fields.at(-2), 'String')?.sval : undefined;
    const tables = this.#scope.tables.filter((table) => alias === undefined || table.alias === alias);
    if (tables.some(({ columns }) => columns === undefined)) return [target];
    return tables.flatMap((table) =>
      (table.columns ?? []).map(({ name }): ResTarget => {
        const words = this.#scope.tables.length > 1 || alias !== undefined ? [table.alias, name] : [name];
        return {
          val: { ColumnRef: { fields: words.map((sval) => ({ String: { sval } })), location: target.location ?? -1 } },
        };
      }),
    );
  }

  /** Undefined where a `*` hides how many there are. */
  #printTargets(targets: readonly ResTarget[], groups: readonly Node[]): readonly Target[] | undefined {
    const isStar = targets.some(({ val }) => bodyOf(bodyOf(val, 'ColumnRef')?.fields?.at(-1), 'A_Star') !== undefined);
    const isCompared = this.#options.isExact === true || this.#select.distinctClause !== undefined;
    if (isStar && (isCompared || this.#needsNames)) {
      return refuse('* over a table of unknown columns, here', targets[0]?.location, 'Name the columns.');
    }
    if (isStar) return undefined;
    return targets.map((target, place) => this.#printTarget(target, place, isCompared, groups));
  }

  get #needsNames(): boolean {
    return this.#limits.offset !== undefined && !this.#isNativeLimit;
  }

  get #isNativeLimit(): boolean {
    return this.#options.isTop === true && this.#p.dialect.has('limitClause');
  }

  #printTarget(target: ResTarget, place: number, isCompared: boolean, groups: readonly Node[]): Target {
    const node = target.val;
    const label = this.#options.names?.[place] ?? labelOf(node, target.name);
    const isGrouped = groups.some((group) => isSame(group, node, this.#scope));
    const sql = isCompared || isGrouped ? exact(this.#p, node, this.#scope) : this.#p.value(node, this.#scope);
    const type = typeOf(this.#p, node, this.#scope);
    const reference = bodyOf(node, 'ColumnRef');
    const seen = reference === undefined ? undefined : this.#scope.column(reference);
    const column: SeenColumn = {
      name: label,
      type,
      isNullable: isNullable(this.#p, node, this.#scope),
      isExact: seen?.isExact === true || (type !== undefined && !textTypes.has(type)),
      ...(seen?.facts === undefined ? {} : { facts: seen.facts }),
    };
    return { node, sql, column };
  }

  #list(targets: readonly Target[] | undefined): string {
    if (targets === undefined) return this.#starList();
    if (targets.length === 0) return '1';
    const isNamed = this.#options.isTop !== true;
    const said = new Set(this.#select.targetList?.map((each) => bodyOf(each, 'ResTarget')?.name));
    return targets
      .map(({ sql, column, node }) => {
        const own = bodyOf(node, 'ColumnRef') === undefined ? undefined : sql.split('.').at(-1);
        const alias = identifier(column.name);
        return (isNamed || said.has(column.name)) && own !== alias ? `${sql} AS ${alias}` : sql;
      })
      .join(', ');
  }

  #starList(): string {
    return (this.#select.targetList ?? [])
      .map((each) => {
        const { val, name } = bodyOf(each, 'ResTarget') ?? {};
        const isStar = bodyOf(bodyOf(val, 'ColumnRef')?.fields?.at(-1), 'A_Star') !== undefined;
        const sql = this.#p.value(val, this.#scope);
        return isStar || (name === undefined && this.#options.isTop === true)
          ? sql
          : `${sql} AS ${identifier(labelOf(val, name))}`;
      })
      .join(', ');
  }

  #filter(word: string, condition: Node | undefined): string {
    return condition === undefined ? '' : ` ${word} ${this.#p.predicate(condition, this.#scope)}`;
  }

  /** Numbers and names of result columns become what they stand for. */
  #groups(targets: readonly ResTarget[]): readonly Node[] {
    return (this.#select.groupClause ?? []).map((node) => {
      if (bodyOf(node, 'GroupingSet') !== undefined) return refuse('GROUPING SETS, ROLLUP and CUBE');
      const number = bodyOf(node, 'A_Const')?.ival?.ival;
      if (number !== undefined)
        return targets[number - 1]?.val ?? refuse(`GROUP BY ${number}`, bodyOf(node, 'A_Const')?.location);
      return this.#groupedByName(node, targets) ?? node;
    });
  }

  /** A name in GROUP BY is a column of a table first, and one of the result where no table has it. */
  #groupedByName(node: Node, targets: readonly ResTarget[]): Node | undefined {
    const { fields = [], location } = bodyOf(node, 'ColumnRef') ?? {};
    const name = namesOf(fields).at(0);
    if (fields.length !== 1 || name === undefined) return undefined;
    const target = targets.find((each) => each.name === name);
    if (target === undefined || isSame(target.val, node) || this.#scope.hasColumn(name)) return undefined;
    return this.#scope.isKnown
      ? target.val
      : refuse('GROUP BY a name that may be a column or a result', location, 'Write the expression.');
  }

  #groupBy(groups: readonly Node[]): string {
    if (groups.length === 0) return '';
    return ` GROUP BY ${groups.map((group) => exact(this.#p, group, this.#scope)).join(', ')}`;
  }

  /** The keys of ORDER BY, as expressions: IRIS takes names of results not everywhere. */
  #sortKeys(targets: readonly Target[] | undefined): readonly SortKey[] {
    return (this.#select.sortClause ?? []).flatMap((clause) => {
      const sort = bodyOf(clause, 'SortBy') ?? {};
      if (sort.sortby_dir === 'SORTBY_USING') return refuse('ORDER BY ... USING', sort.location);
      const node = sortedNode(sort.node, targets);
      const nearest = sort.sortby_dir === 'SORTBY_DESC' ? undefined : printNearestFirst(this.#p, node, this.#scope);
      const keys =
        nearest === undefined
          ? sortKeys(this.#p, exact(this.#p, node, this.#scope), sort, isNullable(this.#p, node, this.#scope))
          : [nearest];
      return keys.map(structured);
    });
  }

  #ordered(targets: readonly Target[] | undefined, rest: string): string {
    const isDistinct = this.#select.distinctClause !== undefined;
    const hasOrder = this.#select.sortClause !== undefined;
    if (isDistinct && hasOrder) {
      const inner = `SELECT DISTINCT ${named(targets ?? [])}${rest}`;
      return sortOutside(this.#p, inner, targets ?? [], this.#select, this.#options, this.#limits);
    }
    const keys = this.#sortKeys(targets);
    const head = `SELECT ${isDistinct ? 'DISTINCT ' : ''}`;
    const isNearest = keys[0]?.key.startsWith('VECTOR_') === true;
    return paged(this.#p, this.#limits, {
      head,
      list: this.#list(targets),
      names: targets?.map(({ column }) => column.name),
      namedList: targets === undefined ? '' : named(targets),
      rest,
      keys,
      isNested: isDistinct || this.#select.groupClause !== undefined || hasAggregate(targets),
      isNative: this.#isNativeLimit && !(isNearest && this.#limits.offset === undefined),
      isTop: this.#options.isTop === true,
    });
  }

  /** The first row of each group, by its number in it. */
  #distinctOn(targets: readonly Target[] | undefined, rest: string): string {
    if (targets === undefined) return refuse('DISTINCT ON with *', undefined, 'Name the columns.');
    if (this.#limits.count !== undefined || this.#limits.offset !== undefined) return refuse('DISTINCT ON with LIMIT');
    const partition = (this.#select.distinctClause ?? []).map((node) =>
      exact(this.#p, sortedNode(node, targets), this.#scope),
    );
    const keys = this.#sortKeys(targets);
    const order = keys.map(printed).join(', ');
    const number = `ROW_NUMBER() OVER (PARTITION BY ${partition.join(', ')}${order === '' ? '' : ` ORDER BY ${order}`}) AS iris_rn`;
    const hidden = keys.map(({ key }, place) => `${key} AS iris_o${place + 1}`);
    const inner = `SELECT ${[named(targets), ...hidden, number].join(', ')}${rest}`;
    const outside = keys.map((key, place) => printed({ ...key, key: `iris_o${place + 1}` })).join(', ');
    const top = this.#options.isTop === true || order === '' ? '' : 'TOP ALL ';
    return `SELECT ${top}${names(targets)} FROM (${inner}) AS iris_q WHERE iris_rn = 1${outside === '' ? '' : ` ORDER BY ${outside}`}`;
  }
}

const named = (targets: readonly Target[]): string =>
  targets.map(({ sql, column }) => `${sql} AS ${identifier(column.name)}`).join(', ');

function names(targets: readonly Target[]): string {
  const all = targets.map(({ column }) => column.name);
  if (new Set(all).size < all.length) return refuse('two result columns of one name, here');
  return all.map((name) => identifier(name)).join(', ');
}

function hasAggregate(targets: readonly Target[] | undefined): boolean {
  return targets?.some(({ sql }) => /\b(COUNT|SUM|AVG|MIN|MAX|LIST|STDDEV\w*|VAR\w*)\(/.test(sql)) === true;
}

/** A number in ORDER BY is a result column; so is a name, before any column of a table. */
function sortedNode(node: Node | undefined, targets: readonly Target[] | undefined): Node | undefined {
  const number = bodyOf(node, 'A_Const')?.ival?.ival;
  if (number !== undefined) {
    return targets?.[number - 1]?.node ?? refuse('ORDER BY a number over *', bodyOf(node, 'A_Const')?.location);
  }
  const fields = bodyOf(node, 'ColumnRef')?.fields ?? [];
  const name = fields.length === 1 ? namesOf(fields)[0] : undefined;
  return targets?.find(({ column }) => column.name === name)?.node ?? node;
}

/** Equal but for their places in the text, and for how columns are called where the scope is given. */
function isSame(left: Node | undefined, right: Node | undefined, scope?: Scope): boolean {
  const bare = (node: Node | undefined): string | undefined =>
    JSON.stringify(node, (name, value: unknown) => {
      if (name === 'location') return undefined;
      return name === 'ColumnRef' ? (scope?.placeOf(value as ColumnRef) ?? value) : value;
    });
  return bare(left) === bare(right);
}

/** Around DISTINCT and UNION, whose rows are sorted by their result columns only. */
function sortOutside(
  p: Printing,
  inner: string,
  targets: readonly Target[],
  select: SelectStmt,
  options: QueryOptions,
  limits: Limits,
): string {
  const keys = (select.sortClause ?? []).flatMap((clause) => {
    const sort = bodyOf(clause, 'SortBy') ?? {};
    const place = resultPlace(sort.node, targets);
    const column = targets[place]?.column ?? refuse('ORDER BY something that is no result column', sort.location);
    const name = identifier(column.name);
    return sortKeys(p, column.isExact ? name : `%EXACT(${name})`, sort, column.isNullable).map(structured);
  });
  const list = names(targets);
  return paged(p, limits, {
    head: 'SELECT ',
    list,
    names: targets.map(({ column }) => column.name),
    namedList: list,
    rest: ` FROM (${inner}) AS iris_d`,
    keys,
    isNested: false,
    isNative: options.isTop === true && p.dialect.has('limitClause'),
    isTop: options.isTop === true,
  });
}

function resultPlace(node: Node | undefined, targets: readonly Target[]): number {
  const number = bodyOf(node, 'A_Const')?.ival?.ival;
  if (number !== undefined) return number - 1;
  const fields = bodyOf(node, 'ColumnRef')?.fields ?? [];
  const name = fields.length === 1 ? namesOf(fields)[0] : undefined;
  const byName = targets.findIndex(({ column }) => column.name === name);
  return byName >= 0 ? byName : targets.findIndex((target) => isSame(target.node, node));
}

const setWords: Readonly<Record<string, string>> = {
  SETOP_UNION: 'UNION',
  SETOP_INTERSECT: 'INTERSECT',
  SETOP_EXCEPT: 'EXCEPT',
};

function printSetOperation(p: Printing, select: SelectStmt, scope: Scope, options: QueryOptions): PrintedQuery {
  const { op = 'SETOP_UNION', all, larg, rarg } = select;
  if (op !== 'SETOP_UNION' && !p.dialect.has('intersectExcept')) {
    return refuse(`${setWords[op] ?? op} before IRIS ${p.dialect.since('intersectExcept')}`);
  }
  if (op !== 'SETOP_UNION' && all === true) return refuse(`${setWords[op] ?? op} ALL`);
  if (larg === undefined || rarg === undefined) return refuse('this set operation');
  const isExact = all !== true || options.isExact === true;
  const names = options.names === undefined ? {} : { names: options.names };
  const [left, right] = [printQuery(p, larg, scope, { isExact, ...names }), printQuery(p, rarg, scope, { isExact })];
  const sql = `${branch(larg, left.sql)} ${setWords[op] ?? ''}${all === true ? ' ALL' : ''} ${branch(rarg, right.sql)}`;
  const columns = left.columns?.map((column, place) => merged(column, right.columns?.[place]));
  const limits = limitsOf(p, select);
  const isPlain = select.sortClause === undefined && limits.count === undefined && limits.offset === undefined;
  if (isPlain) return { sql, columns };
  if (columns === undefined) return refuse('a sorted or limited set operation over *', undefined, 'Name the columns.');
  const targets = columns.map((column): Target => ({ node: undefined, sql: identifier(column.name), column }));
  return { sql: sortOutside(p, sql, targets, select, options, limits), columns };
}

/** A column of both sides is what both agree on. */
function merged(left: SeenColumn, right: SeenColumn | undefined): SeenColumn {
  return {
    name: left.name,
    type: left.type === right?.type ? left.type : undefined,
    isNullable: left.isNullable || right?.isNullable !== false,
    isExact: left.isExact && right?.isExact === true,
  };
}

function branch(select: SelectStmt, sql: string): string {
  const isPlain =
    (select.op === undefined || select.op === 'SETOP_NONE') &&
    select.sortClause === undefined &&
    select.limitCount === undefined;
  return isPlain ? sql : `(${sql})`;
}

/** VALUES becomes one SELECT for each row. */
function printValues(p: Printing, select: SelectStmt, scope: Scope, options: QueryOptions): PrintedQuery {
  if (select.sortClause !== undefined || select.limitCount !== undefined)
    return refuse('VALUES with ORDER BY or LIMIT');
  const rows = (select.valuesLists ?? []).map((row) => bodyOf(row, 'List')?.items ?? []);
  const columns = (rows[0] ?? []).map((_, place): SeenColumn => {
    const types = rows.map((row) => typeOf(p, row[place], scope));
    const type = types.every((each) => each === types[0]) ? types[0] : undefined;
    const isNull = rows.some((row) => isNullable(p, row[place], scope));
    return { name: options.names?.[place] ?? `column${place + 1}`, type, isNullable: isNull, isExact: false };
  });
  const sql = rows
    .map((row) => {
      const values = row.map((node, place) => `${p.value(node, scope)} AS ${identifier(columns[place]?.name ?? '')}`);
      return `SELECT ${values.join(', ')}`;
    })
    .join(' UNION ALL ');
  return { sql, columns };
}
