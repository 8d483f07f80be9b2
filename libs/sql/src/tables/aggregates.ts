import type { SortBy } from 'libpg-query';
import type { Cell, CellType } from './cell.ts';
import { cellTypes, intervalSum } from './cell.ts';
import { decimal, fail, notSupported, type Compiled, type Row, type Run, type Typed } from './compiled.ts';
import { as, numberAs, typed } from './conversion.ts';
import { compare, isNumber } from './operators.ts';
import type { Parameters } from './parameters.ts';
import { SortOrder } from './sort-order.ts';

/** Adds values up; NULL is never added. */
export interface Accumulator {
  add(value: Exclude<Cell, null>): void;
  result(): Cell;
}

/** An aggregate of a query, worked out once for each group. */
export interface Aggregate {
  readonly type: CellType;
  readonly isDecimal?: boolean;
  /** Undefined: count(*). */
  readonly argument: Typed | undefined;
  readonly filter: Typed | undefined;
  readonly isDistinct: boolean;
  /** In which the values are added, where that makes a difference. */
  readonly order?: Order | undefined;
  start(run: Run): Accumulator;
}

interface Order {
  readonly by: SortOrder;
  readonly keys: readonly Typed[];
}

export const aggregateNames: ReadonlySet<string> = new Set(
  ['count', 'sum', 'avg', 'min', 'max', 'string_agg', 'bool_and', 'bool_or', 'every'], //
);

export interface AggregateCall {
  readonly name: string;
  readonly args: readonly Compiled[];
  readonly isStar: boolean;
  readonly isDistinct: boolean;
  readonly filter: Typed | undefined;
  /** ORDER BY within the call. */
  readonly order: readonly { readonly by: SortBy; readonly key: Typed }[];
  readonly location: number | undefined;
}

/** @throws Refusal 42883 */
export function aggregateOf(call: AggregateCall, parameters: Parameters): Aggregate {
  const { name, args, isStar, isDistinct, filter, location } = call;
  const common = { isDistinct, filter };
  const [first] = args;
  if (name === 'count' && (isStar || first !== undefined))
    return { ...common, type: 'int8', argument: first && typed(first, parameters), start: count };
  if (first === undefined || args.length !== (name === 'string_agg' ? 2 : 1))
    return fail('42883', `function ${name} does not take these arguments`, location);
  if (name === 'string_agg') {
    const texts = joined(args, parameters);
    return { ...common, ...texts, order: orderOf(call, texts.argument) };
  }
  if (name === 'bool_and' || name === 'bool_or' || name === 'every')
    return { ...common, type: 'bool', argument: as(first, 'bool', parameters), start: () => truth(name !== 'bool_or') };
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
  const type = argument.type === 'interval' ? 'interval' : name === 'sum' ? wider(argument.type) : 'float8';
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

/** Values that are to be different come in their own order. */
function orderOf({ order, isDistinct }: AggregateCall, argument: Typed | undefined): Order | undefined {
  if (order.length > 0) return { by: new SortOrder(order.map(({ by }) => by)), keys: order.map(({ key }) => key) };
  return isDistinct && argument !== undefined ? { by: new SortOrder([{}]), keys: [argument] } : undefined;
}

/** int8 is summed up to a numeric by PostgreSQL, which has no bounds either. */
const wider = (type: CellType): CellType => (type === 'int4' ? 'int8' : type === 'int8' ? 'float8' : type);

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
      if (found === null || compare(value, found) * wanted > 0) found = value;
    },
    result: () => found,
  };
}

function truth(isAnd: boolean): Accumulator {
  let found: boolean | null = null;
  return {
    add: (value) =>
      (found = found === null ? value === true : isAnd ? found && value === true : found || value === true),
    result: () => found,
  };
}

function joined(args: readonly Compiled[], parameters: Parameters): Pick<Aggregate, 'type' | 'argument' | 'start'> {
  const [argument, by] = args.map((arg) => as(arg, 'text', parameters));
  return {
    type: 'text',
    argument,
    start: (run) => {
      const parts: string[] = [];
      const separator = by?.isConstant === true ? by.of([], run) : notSupported('a separator that varies');
      return {
        add: (value) => void parts.push(String(value)),
        result: () => (parts.length === 0 ? null : parts.join(String(separator ?? ''))),
      };
    },
  };
}

interface Held {
  readonly row: Row;
  readonly keys: readonly Cell[];
}

/** The values of all aggregates over one group, row by row. */
export class GroupOfRows {
  readonly #aggregates: readonly Aggregate[];
  readonly #accumulators: readonly Accumulator[];
  readonly #seen: readonly (Set<Cell> | undefined)[];
  /** What has to be put in order first. */
  readonly #held: readonly (Held[] | undefined)[];

  constructor(aggregates: readonly Aggregate[], run: Run) {
    this.#aggregates = aggregates;
    this.#accumulators = aggregates.map((aggregate) => aggregate.start(run));
    this.#seen = aggregates.map(({ isDistinct }) => (isDistinct ? new Set<Cell>() : undefined));
    this.#held = aggregates.map(({ order }) => (order === undefined ? undefined : []));
  }

  add(row: Row, run: Run): void {
    this.#aggregates.forEach(({ argument, filter, order }, index) => {
      if (filter !== undefined && filter.of(row, run) !== true) return;
      const value = argument === undefined ? true : argument.of(row, run);
      const seen = this.#seen[index];
      if (value === null || seen?.has(value) === true) return;
      seen?.add(value);
      if (order === undefined) this.#accumulators[index]?.add(value);
      else this.#held[index]?.push({ row: [value], keys: order.keys.map((key) => key.of(row, run)) });
    });
  }

  results(): Cell[] {
    return this.#accumulators.map((accumulator, index) => {
      const { order } = this.#aggregates[index] ?? {};
      for (const { row } of order?.by.sorted(this.#held[index] ?? []) ?? [])
        if (row[0] !== null && row[0] !== undefined) accumulator.add(row[0]);
      return accumulator.result();
    });
  }
}
