import type { FuncCall, WindowDef } from 'libpg-query';
import { operand } from './expression.ts';
import { reversed } from './frames.ts';
import { typeOf } from './inference.ts';
import { numberTypes, timeTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import { printOver, printTies } from './running.ts';
import type { Scope } from './scope.ts';

/** Maximum of rows for min() and max(): each value may have to replace each other. */
const extremeRowsMax = 16;

/** A window function over a ROWS frame of fixed offsets. */
export interface SlidingCall {
  readonly name: string;
  readonly call: FuncCall;
  readonly window: WindowDef;
  /** Offsets of its rows from the current one; negative ones precede it. */
  readonly offsets: readonly number[];
  /** Whether no rows are equal in its order. */
  readonly isOfSingleRows: boolean;
}

const names: ReadonlySet<string> = new Set(['sum', 'avg', 'count', 'min', 'max', 'first_value', 'last_value']);

/** Prints the rows of the frame one by one by LAG and LEAD, as IRIS has frames for sums only, and not in all versions. */
export function printSliding(p: Printing, sliding: SlidingCall, scope: Scope): string | undefined {
  const { name, call, window, offsets } = sliding;
  if (!names.has(name) || window.orderClause === undefined) return undefined;
  const [arg] = call.args ?? [];
  if (call.agg_star === true) return printRows(p, sliding, scope);
  if (name === 'first_value' || name === 'last_value') return printEnd(p, sliding, scope);
  const type = typeOf(p, arg, scope);
  const isNumber = numberTypes.has(type);
  const isExtreme = name === 'min' || name === 'max';
  if (!(name === 'count' || isNumber || (isExtreme && timeTypes.has(type)))) return undefined;
  const over = printOver(p, window, window.orderClause, scope, tiesOf(p, sliding, scope));
  const value = p.value(arg, scope);
  const values = offsets.map((offset) => (offset === 0 ? operand(p, arg, scope) : at(value, offset, over)));
  if (isExtreme) return printExtreme(name, values);
  const count = values.map((each) => `CASE WHEN ${each} IS NULL THEN 0 ELSE 1 END`).join(' + ');
  if (name === 'count') return values.length === 1 ? count : `(${count})`;
  const sum = values.map((each) => `COALESCE(${each}, 0)`).join(' + ');
  const result = name === 'sum' ? sum : `(${sum}) / (${count})`;
  return `CASE WHEN ${values.map((each) => `${each} IS NOT NULL`).join(' OR ')} THEN ${result} END`;
}

const at = (value: string, offset: number, over: string): string =>
  `${offset < 0 ? 'LAG' : 'LEAD'}(${value}, ${Math.abs(offset)}) ${over}`;

/** Keys that make the order unique, so that all calls use the same order. */
function tiesOf(p: Printing, { isOfSingleRows, call }: SlidingCall, scope: Scope): readonly string[] {
  const ties = isOfSingleRows ? [] : printTies(p, scope);
  return ties ?? refuse('a frame over rows that may be equal in its order', call.location, 'Order by a key, too.');
}

/** GREATEST and LEAST of IRIS return NULL if an argument is NULL, so that is replaced by another one. */
function printExtreme(name: string, values: readonly string[]): string | undefined {
  if (values.length > extremeRowsMax) return undefined;
  if (values.length === 1) return values[0];
  const certain = values.map(
    (_, place) => `COALESCE(${[...values.slice(place), ...values.slice(0, place)].join(', ')})`,
  );
  return `${name === 'max' ? 'GREATEST' : 'LEAST'}(${certain.join(', ')})`;
}

interface Reach {
  readonly row: string;
  readonly rows: string;
  /** The bounds of the frame, before they are clipped to the partition. */
  readonly from: number;
  readonly to: number;
  readonly over: string;
}

function reachOf(p: Printing, sliding: SlidingCall, scope: Scope): Reach {
  const { window, offsets } = sliding;
  const over = printOver(p, window, window.orderClause ?? [], scope, tiesOf(p, sliding, scope));
  const rows = `COUNT(*) ${printOver(p, window, [], scope)}`;
  return { row: `ROW_NUMBER() ${over}`, rows, from: offsets[0] ?? 0, to: offsets.at(-1) ?? 0, over };
}

/** count(*): the number of rows of the frame within the partition. */
function printRows(p: Printing, sliding: SlidingCall, scope: Scope): string {
  const { row, rows, from, to } = reachOf(p, sliding, scope);
  const first = `CASE WHEN ${row} + ${from} < 1 THEN 1 ELSE ${row} + ${from} END`;
  const last = `CASE WHEN ${row} + ${to} > ${rows} THEN ${rows} ELSE ${row} + ${to} END`;
  return `CASE WHEN ${row} + ${to} < 1 OR ${row} + ${from} > ${rows} THEN 0 ELSE (${last}) - (${first}) + 1 END`;
}

/** The first or last row of the frame, clipped to the partition. */
function printEnd(p: Printing, sliding: SlidingCall, scope: Scope): string | undefined {
  const { name, call, window, isOfSingleRows } = sliding;
  if (!isOfSingleRows) return undefined;
  const { row, rows, from, to, over } = reachOf(p, sliding, scope);
  const value = p.value(call.args?.[0], scope);
  const isFirst = name === 'first_value';
  const offset = isFirst ? from : to;
  const inReach = offset === 0 ? operand(p, call.args?.[0], scope) : at(value, offset, over);
  const isEmpty = `${row} + ${to} < 1 OR ${row} + ${from} > ${rows}`;
  const isBeyond = isFirst ? `${row} + ${from} < 1` : `${row} + ${to} > ${rows}`;
  const ofEnd = isFirst ? over : printOver(p, window, reversed(window.orderClause ?? []), scope);
  return `CASE WHEN ${isEmpty} THEN NULL WHEN ${isBeyond} THEN FIRST_VALUE(${value}) ${ofEnd} ELSE ${inReach} END`;
}
