import type { SortBy } from 'libpg-query';
import type { Cell, CellType } from './cell.ts';
import { cellTypes, intervalSum } from './cell.ts';
import { decimal, fail, notSupported, type Compiled, type Row, type Run, type Typed } from './compiled.ts';
import { as, numberAs, typed } from './conversion.ts';
import { compare, isNumber } from './operators.ts';
import { arrayText } from './matching.ts';
import type { Parameters } from './parameters.ts';
import { SortOrder } from './sort-order.ts';

/** The state of an aggregate over one group. NULLs are added only if the aggregate keeps them. */
export interface Accumulator {
  add(value: Cell): void;
  result(): Cell;
}

/** An aggregate of a query, computed for each group. */
export interface Aggregate {
  readonly type: CellType;
  readonly isDecimal?: boolean;
  /** Undefined: count(*). */
  readonly argument: Typed | undefined;
  readonly filter: Typed | undefined;
  readonly isDistinct: boolean;
  /** NULLs are added too. */
  readonly keepsNull?: boolean;
  /** The order in which values are added, if it matters. */
  readonly order?: Order | undefined;
  start(run: Run): Accumulator;
}

interface Order {
  readonly by: SortOrder;
  readonly keys: readonly Typed[];
}

export const aggregateNames: ReadonlySet<string> = new Set([
  ...['count', 'sum', 'avg', 'min', 'max', 'string_agg', 'array_agg', 'bool_and', 'bool_or', 'every'],
  ...['percentile_cont', 'percentile_disc', 'mode'],
]);

export interface AggregateCall {
  readonly name: string;
  readonly args: readonly Compiled[];
  readonly isStar: boolean;
  readonly isDistinct: boolean;
  readonly isWithinGroup: boolean;
  readonly filter: Typed | undefined;
  /** ORDER BY in the call, or WITHIN GROUP. */
  readonly order: readonly { readonly by: SortBy; readonly key: Typed }[];
  readonly location: number | undefined;
}

/** @throws Refusal 42883 */
export function aggregateOf(call: AggregateCall, parameters: Parameters): Aggregate {
  const { name, args, isStar, isDistinct, filter, location } = call;
  const common = { isDistinct, filter };
  const [first] = args;
  const isOrderedSet = name.startsWith('percentile') || name === 'mode';
  if (call.isWithinGroup || isOrderedSet) {
    if (!isOrderedSet)
      fail('42809', `${name} is not an ordered-set aggregate, so it cannot have WITHIN GROUP`, location);
    if (!call.isWithinGroup) fail('42883', `function ${name} does not exist without WITHIN GROUP`, location);
    return { ...common, ...orderedSetAggregate(call, parameters) };
  }
  if (name === 'count' && (isStar || first !== undefined))
    return { ...common, type: 'int8', argument: first && typed(first, parameters), start: count };
  if (first === undefined || args.length !== (name === 'string_agg' ? 2 : 1))
    return fail('42883', `function ${name} does not take these arguments`, location);
  if (name === 'string_agg') {
    const texts = joinedTexts(args, parameters);
    return { ...common, ...texts, order: orderOf(call, texts.argument) };
  }
  if (name === 'array_agg') {
    const argument = typed(first, parameters);
    return {
      ...common,
      type: 'text',
      argument,
      keepsNull: true,
      order: orderOf(call, argument),
      start: () => arrayAccumulator(argument.type),
    };
  }
  if (name === 'bool_and' || name === 'bool_or' || name === 'every')
    return {
      ...common,
      type: 'bool',
      argument: as(first, 'bool', parameters),
      start: () => booleanAccumulator(name !== 'bool_or'),
    };
  const argument = typed(first, parameters);
  const isWhole = argument.type === 'int4' || argument.type === 'int8';
  if ((name === 'min' || name === 'max') && argument.type === 'bool')
    return fail('42883', `function ${name}(boolean) does not exist`, location);
  if (name === 'min' || name === 'max')
    return {
      ...common,
      ...decimal(argument.isDecimal),
      type: argument.type,
      argument,
      start: () => extreme(name === 'min' ? -1 : 1),
    };
  if (!isNumber(argument.type) && argument.type !== 'interval')
    return fail('42883', `function ${name}(${cellTypes[argument.type].name}) does not exist`, location);
  const type = argument.type === 'interval' ? 'interval' : name === 'sum' ? sumType(argument.type) : 'float8';
  if (name === 'avg' && type === 'interval') return notSupported('avg of intervals', location);
  const isDecimal = argument.isDecimal === true || (isWhole && type === 'float8');
  return {
    ...common,
    ...decimal(isDecimal),
    type,
    argument,
    start: () => (name === 'sum' ? sum(type, isWhole) : average()),
  };
}

/** With DISTINCT, values are added in their own order. */
function orderOf({ order, isDistinct }: AggregateCall, argument: Typed | undefined): Order | undefined {
  if (order.length > 0) return { by: new SortOrder(order.map(({ by }) => by)), keys: order.map(({ key }) => key) };
  return isDistinct && argument !== undefined ? { by: new SortOrder([{}]), keys: [argument] } : undefined;
}

/** The type of a sum; PostgreSQL sums int8 to numeric, which is unbounded too. */
const sumType = (type: CellType): CellType => (type === 'int4' ? 'int8' : type === 'int8' ? 'float8' : type);

function count(): Accumulator {
  let counted = 0;
  return {
    add: () => {
      counted++;
    },
    result: () => counted,
  };
}

function sum(type: CellType, isWhole: boolean): Accumulator {
  let added: number | null = null;
  const isExact = (value: number): boolean => !isWhole || Number.isSafeInteger(value);
  return {
    add: (value) => {
      added = type === 'interval' ? intervalSum(added ?? 0, Number(value)) : (added ?? 0) + Number(value);
      if (!isExact(added)) fail('22003', 'a sum of so many digits is out of range');
    },
    result: () => (added === null || type === 'interval' ? added : numberAs(added, type)),
  };
}

function average(): Accumulator {
  let [added, counted] = [0, 0];
  return {
    add: (value) => {
      added += Number(value);
      counted++;
    },
    result: () => (counted === 0 ? null : added / counted),
  };
}

function extreme(wanted: number): Accumulator {
  let found: Cell = null;
  return {
    add: (value) => {
      if (value !== null && (found === null || compare(value, found) * wanted > 0)) found = value;
    },
    result: () => found,
  };
}

function booleanAccumulator(isAnd: boolean): Accumulator {
  let found: boolean | null = null;
  return {
    add: (value) =>
      (found = found === null ? value === true : isAnd ? found && value === true : found || value === true),
    result: () => found,
  };
}

function joinedTexts(
  args: readonly Compiled[],
  parameters: Parameters,
): Pick<Aggregate, 'type' | 'argument' | 'start'> {
  const [argument, by] = args.map((arg) => as(arg, 'text', parameters));
  return {
    type: 'text',
    argument,
    start: (run) => {
      const parts: string[] = [];
      const separator = by?.isConstant === true ? by.evaluate([], run) : notSupported('a separator that varies');
      return {
        add: (value) => void parts.push(String(value)),
        result: () => (parts.length === 0 ? null : parts.join(String(separator ?? ''))),
      };
    },
  };
}

/** array_agg; arrays here are their text form. */
function arrayAccumulator(type: CellType): Accumulator {
  const values: Cell[] = [];
  return {
    add: (value) => void values.push(value),
    result: () => (values.length === 0 ? null : arrayText(values, type)),
  };
}

/** Ordered-set aggregates, such as `percentile_cont(f) WITHIN GROUP (ORDER BY x)`. */
function orderedSetAggregate(
  { name, args, order, location }: AggregateCall,
  parameters: Parameters,
): Pick<Aggregate, 'type' | 'argument' | 'order' | 'start'> {
  const [sort, ...more] = order;
  const isMode = name === 'mode';
  if (sort === undefined || more.length > 0 || args.length !== (isMode ? 0 : 1))
    return fail('42883', `function ${name} does not take these arguments`, location);
  const fraction = args[0] === undefined ? undefined : as(args[0], 'float8', parameters);
  const argument = name === 'percentile_cont' ? as(sort.key, 'float8', parameters) : sort.key;
  const resultOf = { percentile_cont: continuousPercentile, percentile_disc: discretePercentile, mode: mostFrequent }[
    name
  ];
  return {
    type: argument.type,
    argument,
    order: { by: new SortOrder([sort.by]), keys: [argument] },
    start: (run) => {
      const values: Value[] = [];
      const share = fraction === undefined ? 0 : fraction.evaluate([], run);
      if (share !== null && !(Number(share) >= 0 && Number(share) <= 1))
        fail('22003', `percentile value ${Number(share)} is not between 0 and 1`);
      return {
        add: (value) => {
          if (value !== null) values.push(value);
        },
        result: () => (values.length === 0 || share === null ? null : (resultOf?.(values, Number(share)) ?? null)),
      };
    },
  };
}

type Value = Exclude<Cell, null>;

const discretePercentile = (values: readonly Value[], share: number): Cell =>
  values[Math.max(0, Math.ceil(share * values.length) - 1)] ?? null;

function continuousPercentile(values: readonly Value[], share: number): Cell {
  const place = share * (values.length - 1);
  const [low, high] = [Number(values[Math.floor(place)]), Number(values[Math.ceil(place)])];
  return low + (high - low) * (place % 1);
}

/** The most frequent value; the first of several. */
function mostFrequent(values: readonly Value[]): Cell {
  const counts = new Map<Value, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return values.find((value) => counts.get(value) === most) ?? null;
}

interface SortedLater {
  readonly row: Row;
  readonly keys: readonly Cell[];
}

/** All aggregates over one group, fed row by row. */
export class GroupAccumulators {
  readonly #aggregates: readonly Aggregate[];
  readonly #accumulators: readonly Accumulator[];
  readonly #seen: readonly (Set<Cell> | undefined)[];
  /** Values of aggregates that must be sorted first. */
  readonly #sortedLater: readonly (SortedLater[] | undefined)[];

  constructor(aggregates: readonly Aggregate[], run: Run) {
    this.#aggregates = aggregates;
    this.#accumulators = aggregates.map((aggregate) => aggregate.start(run));
    this.#seen = aggregates.map(({ isDistinct }) => (isDistinct ? new Set<Cell>() : undefined));
    this.#sortedLater = aggregates.map(({ order }) => (order === undefined ? undefined : []));
  }

  add(row: Row, run: Run): void {
    this.#aggregates.forEach(({ argument, filter, order, keepsNull = false }, index) => {
      if (filter !== undefined && filter.evaluate(row, run) !== true) return;
      const value = argument === undefined ? true : argument.evaluate(row, run);
      const seen = this.#seen[index];
      if ((value === null && !keepsNull) || seen?.has(value) === true) return;
      seen?.add(value);
      if (order === undefined) this.#accumulators[index]?.add(value);
      else this.#sortedLater[index]?.push({ row: [value], keys: order.keys.map((key) => key.evaluate(row, run)) });
    });
  }

  results(): Cell[] {
    return this.#accumulators.map((accumulator, index) => {
      const { order } = this.#aggregates[index] ?? {};
      for (const { row } of order?.by.sorted(this.#sortedLater[index] ?? []) ?? []) accumulator.add(row[0] ?? null);
      return accumulator.result();
    });
  }
}
