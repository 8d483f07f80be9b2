import type { FuncCall, Node, ResTarget, SelectStmt, SortBy } from 'libpg-query';
import { bodyOf, constantText, hasPart, lastNameOf } from '../ast.ts';
import { printFrom } from './from.ts';
import { checkGrouped, groupedBy, isAggregate } from './grouping.ts';
import { isNullable, typeOf } from './inference.ts';
import { jsonMember } from './json.ts';
import { labelOf } from './labels.ts';
import { recordSeparator, type ProxyComputation } from './proxy-computation.ts';
import {
  callOf,
  castTo,
  columnOf,
  constant,
  number,
  operator,
  target,
  booleanNode,
  when,
  words,
} from './node-builders.ts';
import { scaleOf } from './numeric-scale.ts';
import { numberTypes, textTypes, timeTypes, type PgType } from './pg-type.ts';
import type { Printing, QueryOptions } from './printing.ts';
import { placeOf, Refusal, refuse } from './refusal.ts';
import { Scope } from './scope.ts';
import { valueText } from './text-operand.ts';
import { isSame } from './targets.ts';
import { untypedText } from './typed-constants.ts';

const percentiles: ReadonlySet<string> = new Set(['percentile_cont', 'percentile_disc']);

function percentileOf(node: Node): FuncCall | undefined {
  const call = bodyOf(node, 'FuncCall');
  return call?.agg_within_group === true && percentiles.has(lastNameOf(call.funcname) ?? '') ? call : undefined;
}

/** Aggregates that concatenate; JSON elements become an array. */
const joins: Readonly<Record<string, 'text' | 'json' | 'jsonb' | 'values' | undefined>> = {
  string_agg: 'text',
  json_agg: 'json',
  jsonb_agg: 'jsonb',
  json_object_agg: 'json',
  jsonb_object_agg: 'jsonb',
  array_agg: 'values',
  mode: 'values',
};

/** Aggregates that the proxy always computes, ordered or not, as IRIS lacks them. */
const alwaysMade: ReadonlySet<string> = new Set(['array_agg', 'mode', 'json_object_agg', 'jsonb_object_agg']);

/** string_agg(text, separator ORDER BY ...), json_agg(value ORDER BY ...) */
function joinOf(node: Node | undefined): FuncCall | undefined {
  const call = bodyOf(node, 'FuncCall');
  const kind = joins[lastNameOf(call?.funcname) ?? ''];
  if (call === undefined || kind === undefined || call.over !== undefined) return undefined;
  const [arg, ...more] = call.args ?? [];
  if (call.agg_within_group === true && lastNameOf(call.funcname) !== 'mode') throw noOrderedSet(call);
  const isSorted = kind !== 'text' && call.agg_distinct === true && arg !== undefined && more.length === 0;
  const isMade = alwaysMade.has(lastNameOf(call.funcname) ?? '') && !isSorted;
  if (call.agg_order !== undefined || isMade) return call;
  return isSorted ? { ...call, agg_order: [{ SortBy: { node: arg } }] } : undefined; // DISTINCT sorts
}

/** PostgreSQL takes what stands behind WITHIN GROUP for one argument more. */
const noOrderedSet = ({ funcname, location }: FuncCall): Refusal =>
  new Refusal(`function ${lastNameOf(funcname) ?? ''} WITHIN GROUP does not exist`, {
    sqlstate: '42883',
    location,
    hint: 'Write ORDER BY inside: string_agg(text, separator ORDER BY ...).',
  });

/** Whether a query has aggregates that depend on the order of rows. */
export const hasOrderedSets = ({ targetList, havingClause, sortClause }: SelectStmt): boolean =>
  hasPart([targetList, havingClause, sortClause], (node) => (percentileOf(node) ?? joinOf(node)) !== undefined);

/** Ordered texts or values to be assembled by the proxy. */
type Joined = Extract<ProxyComputation, { kind: 'joined' | 'values' }>;

export interface WithoutOrderedSets {
  readonly select: SelectStmt;
  /** How the proxy computes each column. */
  readonly made: readonly (ProxyComputation | undefined)[];
}

/**
 * Rewrites ordered aggregates by row numbers: a subquery numbers the rows of each group. For percentile_cont and percentile_disc the outer
 * query takes the row, or the two rows, at the percentile; concatenated texts get these numbers.
 */
export function withoutOrderedSets(
  p: Printing,
  select: SelectStmt,
  scope: Scope,
  options: QueryOptions,
): WithoutOrderedSets {
  const place = placeOf(select.targetList);
  const rows = new Scope(scope); // only to resolve names and types
  if (select.fromClause === undefined) return refuse('an aggregate by order without FROM', place);
  printFrom(p, select.fromClause, rows);
  checkSimple(select, place);
  const targets = (select.targetList ?? []).map((node) => bodyOf(node, 'ResTarget') ?? {});
  const said = (select.groupClause ?? []).flatMap((node) => groupedBy(node, targets, rows));
  checkGrouped(select, targets, said, rows);
  const inner = new InnerRows(p, rows, said);
  const joined: (Joined | undefined)[] = [];
  const named = targets.map(({ val, name, ...more }, at): ResTarget => {
    const join = options.isTop === true || options.isForClient === true ? inner.joined(val) : undefined;
    joined.push(join?.made);
    const value = join?.value ?? inner.rewritten(val);
    const label = options.names?.[at] ?? labelOf(val, name);
    return { ...more, name: label, ...(value === undefined ? {} : { val: value }) };
  });
  const isLabel = (node: Node | undefined): boolean =>
    bodyOf(node, 'A_Const') !== undefined ||
    (bodyOf(node, 'ColumnRef')?.fields?.length === 1 &&
      targets.some(({ val, name }) => labelOf(val, name) === lastNameOf(bodyOf(node, 'ColumnRef')?.fields)));
  const sortClause = select.sortClause?.map((clause): Node => {
    const sort = bodyOf(clause, 'SortBy') ?? {};
    if (isLabel(sort.node) && joined[placeIn(named, sort.node)] !== undefined)
      return refuse('ORDER BY of texts that are joined in an order', placeOf(sort.node), aboutJoins);
    const node = isLabel(sort.node) ? sort.node : inner.rewritten(sort.node);
    return { SortBy: { ...sort, ...(node === undefined ? {} : { node }) } };
  });
  const having = inner.rewritten(select.havingClause);
  const groupClause = inner.groups();
  const { limitCount, limitOffset, limitOption } = select;
  const outside: SelectStmt = {
    targetList: named.map((target) => ({ ResTarget: target })),
    fromClause: [
      { RangeSubselect: { subquery: { SelectStmt: inner.select(select) }, alias: { aliasname: 'iris_s' } } },
    ],
    ...(groupClause.length === 0 ? {} : { groupClause }),
    ...(having === undefined ? {} : { havingClause: having }),
    ...(sortClause === undefined ? {} : { sortClause }),
    ...(limitCount === undefined ? {} : { limitCount }),
    ...(limitOffset === undefined ? {} : { limitOffset }),
    ...(limitOption === undefined ? {} : { limitOption }),
  };
  return { select: outside, made: joined };
}

const aboutJoins =
  'LIST of IRIS has no order: it is translated as a column of the result, by itself or inside COALESCE with a constant.';

/** The index of the result column that a number or name in ORDER BY refers to. */
function placeIn(targets: readonly ResTarget[], node: Node | undefined): number {
  const number = bodyOf(node, 'A_Const')?.ival?.ival;
  return number === undefined
    ? targets.findIndex(({ name }) => name === lastNameOf(bodyOf(node, 'ColumnRef')?.fields))
    : number - 1;
}

function checkSimple(select: SelectStmt, place: number | undefined): void {
  const { targetList, havingClause, sortClause, groupClause, distinctClause } = select;
  const has = (test: (node: Node) => boolean): boolean => hasPart([targetList, havingClause, sortClause], test);
  const problem = has((node) => bodyOf(node, 'FuncCall')?.over !== undefined)
    ? 'a window'
    : has((node) => bodyOf(node, 'SubLink') !== undefined)
      ? 'a query as a value'
      : groupClause?.some((node) => bodyOf(node, 'GroupingSet') !== undefined) === true
        ? 'GROUPING SETS, ROLLUP or CUBE'
        : distinctClause === undefined
          ? undefined
          : 'DISTINCT';
  if (problem !== undefined)
    refuse(`an aggregate by order with ${problem}`, place, 'Take a percentile in a query in FROM.');
}

interface Join {
  readonly made: Joined;
  readonly value: Node;
}

/** Builds the subquery: group keys, columns read by the outer query, and row numbers. */
class InnerRows {
  readonly #p: Printing;
  readonly #rows: Scope;
  readonly #said: readonly Node[];
  readonly #columns: Node[] = [];
  readonly #ungrouped = new Set<number>();
  readonly #numbers: Node[] = [];
  #calls = 0;

  constructor(p: Printing, rows: Scope, said: readonly Node[]) {
    this.#p = p;
    this.#rows = rows;
    this.#said = said;
  }

  /** Rewrites an outer expression over the rows of the subquery. */
  rewritten(node: Node | undefined): Node | undefined {
    return node === undefined ? undefined : (this.#rewrite(node, false) as Node);
  }

  /** A column of concatenated texts, possibly with a default; undefined for any other. */
  joined(val: Node | undefined): Join | undefined {
    const array = joinedArray(val);
    if (array !== undefined) return this.#joinedArray(array);
    const { args = [], location } = bodyOf(val, 'CoalesceExpr') ?? {};
    const call = joinOf(args[0] ?? val);
    const otherwise = args.length === 2 ? otherwiseOf(args[1]) : undefined;
    if (call === undefined || (val !== undefined && args.length > 0 && otherwise === undefined)) return undefined;
    const join = this.#join(call);
    if (otherwise === undefined) return join;
    const isText = join.made.kind === 'joined' && join.made.json === undefined;
    if (!isText && !emptyOf(join.made).test(otherwise)) return undefined;
    const values = [join.value, constant(`0:${isText ? otherwise : ''}`)];
    return { ...join, value: { CoalesceExpr: { args: values, location: location ?? -1 } } };
  }

  /** array_to_string(array_agg(...), ...) */
  #joinedArray({ call, args }: { call: FuncCall; args: readonly Node[] }): Join {
    const { made, value } = this.#join(call);
    const [separator, ofNull] = args.map(untypedText);
    if (made.kind !== 'values' || separator === undefined || (args.length > 1 && ofNull === undefined))
      return refuse('array_to_string with a separator that is not a constant', call.location);
    return { value, made: { ...made, as: 'text', separator, ofNull } };
  }

  /** Prefixes each text by its number; with DISTINCT, equal texts have the same number. */
  #join(call: FuncCall): Join {
    const { args: [arg] = [], agg_order: orderClause = [], agg_distinct: isDistinct = false } = call;
    const { agg_filter: filter, location } = call;
    const text = this.#joinedText(call, arg);
    const keys = orderClause.map((clause) => bodyOf(clause, 'SortBy')?.node);
    if (isDistinct && !keys.every((key) => isSame(key, arg, this.#rows)))
      throw new Refusal('in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list', {
        sqlstate: '42P10',
        location: placeOf(orderClause) ?? location,
      });
    const at = ++this.#calls;
    const partitionClause = [...this.#said];
    const inOrder = orderClause.length === 0 ? {} : { orderClause };
    const over = { ...(partitionClause.length === 0 ? {} : { partitionClause }), ...inOrder, ...defaultFrame };
    const isRanked = isDistinct || call.agg_within_group === true;
    const row: FuncCall = { funcname: words(isRanked ? 'dense_rank' : 'row_number'), over };
    const value = filter === undefined ? text.node : when(filter, text.node);
    this.#numbers.push(target(`iris_n${at}`, { FuncCall: row }), target(`iris_v${at}`, value));
    const numbered = operator('||', operator('||', columnOf(`iris_n${at}`), constant(':')), columnOf(`iris_v${at}`));
    const list: FuncCall = {
      funcname: words('string_agg'),
      args: [numbered, constant(recordSeparator)],
      ...(isDistinct ? { agg_distinct: true } : {}),
    };
    return { made: text.made, value: { FuncCall: list } };
  }

  /** The texts to concatenate, and how. */
  #joinedText(call: FuncCall, text: Node | undefined): { node: Node; made: Joined } {
    const { funcname, args = [], location } = call;
    const name = lastNameOf(funcname) ?? '';
    const json = joins[name];
    if (json === 'values') return this.#values(call, name === 'mode' ? 'mode' : 'array');
    if (json === 'json' || json === 'jsonb') {
      const isObject = name.endsWith('_object_agg');
      if (text === undefined || args.length !== (isObject ? 2 : 1)) return refuse('this aggregate of JSON', location);
      if (!isObject) return { node: callOf(jsonMember, text), made: { kind: 'joined', separator: ', ', json } };
      return { node: this.#member(text, args[1]), made: { kind: 'joined', separator: ', ', json, isObject } };
    }
    const separator = untypedText(args[1]);
    if (text === undefined || separator === undefined)
      return refuse('string_agg with a separator that is not a constant', location);
    if (!textTypes.has(typeOf(this.#p, text, this.#rows)))
      return refuse('string_agg of a value that is not text', location, 'Cast it to text.');
    return { node: text, made: { kind: 'joined', separator } };
  }

  #member(key: Node, value: Node | undefined): Node {
    if (isNullable(this.#p, key, this.#rows))
      return refuse('an object with a key that may be NULL', placeOf(key), 'Take coalesce(key, ...).');
    const text = callOf(jsonMember, castTo('text', key));
    return operator('||', operator('||', text, constant(' : ')), callOf(jsonMember, value));
  }

  /** Prefixes each value by `+`, and replaces NULL by `-`. */
  #values(
    { args = [], agg_order: order = [], location }: FuncCall,
    as: 'array' | 'mode',
  ): { node: Node; made: Joined } {
    const value = as === 'mode' ? bodyOf(order[0], 'SortBy')?.node : args[0];
    const of = typeOf(this.#p, value, this.#rows);
    if (value === undefined || of === undefined || unmade.has(of))
      return refuse(`${as === 'mode' ? 'mode' : 'array_agg'} of this`, location, 'Cast it to text.');
    const isThere: Node = { NullTest: { arg: value, nulltesttype: 'IS_NOT_NULL' } };
    const text = operator('||', constant('+'), callOf(valueText, value));
    const node = when(isThere, text, as === 'mode' ? undefined : constant('-'));
    const scale = of === 'numeric' ? scaleOf(this.#p, value, this.#rows) : undefined;
    return { node, made: { kind: 'values', as, of, ...(scale === undefined ? {} : { scale }) } };
  }

  groups(): Node[] {
    return [
      ...this.#said.map((_, at) => columnOf(`iris_g${at + 1}`)),
      ...[...this.#ungrouped].map((at) => columnOf(`iris_c${at + 1}`)), // functionally dependent on the group keys
    ];
  }

  select({ fromClause, whereClause }: SelectStmt): SelectStmt {
    const named = [
      ...this.#said.map((val, at) => ({ name: `iris_g${at + 1}`, val })),
      ...this.#columns.map((val, at) => ({ name: `iris_c${at + 1}`, val })),
    ];
    return {
      targetList: [...named.map((target): Node => ({ ResTarget: target })), ...this.#numbers],
      ...(fromClause === undefined ? {} : { fromClause }),
      ...(whereClause === undefined ? {} : { whereClause }),
    };
  }

  #rewrite(part: unknown, isAggregated: boolean): unknown {
    if (Array.isArray(part)) return part.map((each) => this.#rewrite(each, isAggregated));
    if (typeof part !== 'object' || part === null) return part;
    const node = part as Node;
    const group = this.#said.findIndex((each) => isSame(each, node, this.#rows));
    if (group >= 0) return columnOf(`iris_g${group + 1}`);
    const percentile = percentileOf(node);
    if (percentile !== undefined) return this.#percentile(percentile);
    const join = joinOf(node);
    if (join !== undefined)
      return refuse(`${lastNameOf(join.funcname) ?? ''} with an order, here`, join.location, aboutJoins);
    const column = bodyOf(node, 'ColumnRef');
    if (column !== undefined) {
      if (this.#rows.isKnown && !this.#rows.isOwn(column)) return node; // of an outer query
      return this.#column(node, isAggregated);
    }
    const isInside = isAggregated || isAggregate(node);
    return Object.fromEntries(Object.entries(part).map(([name, each]) => [name, this.#rewrite(each, isInside)]));
  }

  #column(node: Node, isAggregated: boolean): Node {
    const known = this.#columns.findIndex((each) => isSame(each, node, this.#rows));
    const at = known < 0 ? this.#columns.push(node) - 1 : known;
    if (!isAggregated) this.#ungrouped.add(at);
    return columnOf(`iris_c${at + 1}`);
  }

  #percentile(call: FuncCall): Node {
    const { args = [], agg_order: order = [], agg_filter: filter, location } = call;
    const sort = bodyOf(order[0], 'SortBy') ?? {};
    const isContinuous = lastNameOf(call.funcname) === 'percentile_cont';
    const type = typeOf(this.#p, sort.node, this.#rows);
    if (!numberTypes.has(type) && (isContinuous || !timeTypes.has(type)))
      return refuse('a percentile of something that is no number', location, 'Days and moments have percentile_disc.');
    const result = sort.node ?? refuse('a percentile of nothing', location);
    const value: Node =
      filter === undefined ? result : { CaseExpr: { args: [{ CaseWhen: { expr: filter, result } }] } };
    const at = this.#number(value, sort);
    const [row, rows, sorted] = [`iris_n${at}`, `iris_m${at}`, `iris_v${at}`].map((name) => columnOf(name));
    const share = castTo('float8', shareOf(args[0], location));
    if (!isContinuous) {
      const wanted = callOf('ceil', operator('*', share, rows));
      const isFirst = booleanNode('AND_EXPR', [operator('=', row, number(1)), operator('<=', wanted, number(0))]);
      const isThere = booleanNode('OR_EXPR', [operator('=', row, wanted), isFirst]);
      return callOf('max', when(isThere, sorted));
    }
    const position = operator('*', share, operator('-', rows, number(1)));
    const valueAt = (edge: string): Node =>
      callOf(
        'max',
        when(operator('=', row, operator('+', callOf(edge, position), number(1))), castTo('float8', sorted)),
      );
    const last = callOf('max', position);
    const part = operator('-', last, callOf('floor', last));
    return operator('+', valueAt('floor'), operator('*', part, operator('-', valueAt('ceil'), valueAt('floor'))));
  }

  /** Adds columns: the row number among the group's non-NULL values, their count, and the value. */
  #number(value: Node, sort: SortBy): number {
    const at = ++this.#calls;
    const partitionClause = [...this.#said];
    const within = partitionClause.length === 0 ? {} : { partitionClause };
    const order: Node = { SortBy: { ...sort, node: value, sortby_nulls: 'SORTBY_NULLS_LAST' } };
    const row: FuncCall = { funcname: words('row_number'), over: { ...within, orderClause: [order], ...defaultFrame } };
    const rows: FuncCall = { funcname: words('count'), args: [value], over: { ...within, ...defaultFrame } };
    const named = [
      { name: `iris_n${at}`, val: { FuncCall: row } },
      { name: `iris_m${at}`, val: { FuncCall: rows } },
      { name: `iris_v${at}`, val: value },
    ];
    this.#numbers.push(...named.map((target): Node => ({ ResTarget: target })));
    return at;
  }
}

/** Types whose values are not transferred as text. */
const unmade: ReadonlySet<PgType> = new Set<PgType>(['bytea', 'interval', 'json', 'jsonb', 'vector']);

/** The default constant of COALESCE, as text; an empty array as `{}`. */
function otherwiseOf(node: Node | undefined): string | undefined {
  const bare = bodyOf(node, 'TypeCast')?.arg ?? node;
  const array = bodyOf(bare, 'A_ArrayExpr');
  return array === undefined ? constantText(bare) : array.elements === undefined ? '{}' : undefined;
}

/** The defaults that COALESCE may have for an empty result. */
const emptyOf = (made: Joined): RegExp =>
  made.kind === 'values'
    ? made.as === 'array'
      ? /^\s*\{\s*\}\s*$/
      : /(?!)/
    : made.isObject === true
      ? /(?!)/
      : /^\s*\[\s*\]\s*$/;

function joinedArray(node: Node | undefined): { call: FuncCall; args: readonly Node[] } | undefined {
  const { funcname, args: [array, ...args] = [] } = bodyOf(node, 'FuncCall') ?? {};
  const call = lastNameOf(funcname) === 'array_to_string' ? joinOf(array) : undefined;
  return call === undefined || lastNameOf(call.funcname) !== 'array_agg' ? undefined : { call, args };
}

/** The default frame, RANGE UNBOUNDED PRECEDING. */
const defaultFrame = { frameOptions: 1058 };

/** @throws Refusal 22003 */
function shareOf(node: Node | undefined, location: number | undefined): Node {
  const text = constantText(bodyOf(node, 'TypeCast')?.arg ?? node) ?? '';
  if (node === undefined || text === '' || Number.isNaN(Number(text)))
    return refuse('a percentile that is not a constant', location, 'Call it once for each percentile.');
  if (Number(text) < 0 || Number(text) > 1)
    throw new Refusal(`percentile value ${text} is not between 0 and 1`, { sqlstate: '22003', location });
  return node;
}
