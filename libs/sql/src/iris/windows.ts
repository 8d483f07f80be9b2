import type { FuncCall, Node, WindowDef } from 'libpg-query';
import { bodyOf } from '../ast.ts';
import { exact, ordered } from './comparison.ts';
import { operand, valueAs } from './expression.ts';
import { frameOf, reversed, type Frame } from './frames.ts';
import { typeOf } from './inference.ts';
import { numberTypes, textTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { Refusal, refuse } from './refusal.ts';
import { rowKeys } from './row-keys.ts';
import { printOver, printTies, printWithPeers } from './running.ts';
import type { Scope } from './scope.ts';

const windowFunctions: ReadonlySet<string> = new Set([
  'row_number', 'rank', 'dense_rank', 'percent_rank', 'cume_dist', 'lag', 'lead', 'first_value',
]); // prettier-ignore
const aggregates: ReadonlySet<string> = new Set(['count', 'sum', 'avg', 'min', 'max']);

/** A call with OVER. */
export function printWindow(p: Printing, name: string, call: FuncCall, over: WindowDef, scope: Scope): string {
  const { location } = call;
  scope.windowCalls++;
  const window = written(over, scope);
  if (call.agg_filter !== undefined || call.agg_distinct === true)
    return refuse('FILTER or DISTINCT in a window', location);
  if (name === 'ntile') return printTiles(p, call, window, scope);
  const isAggregate = aggregates.has(name);
  const isByRow = windowFunctions.has(name) && name !== 'first_value'; // a frame changes nothing
  if (!isAggregate && !isByRow && name !== 'first_value' && name !== 'last_value')
    return refuse(`${name} in a window`, location);
  const ordered = window.orderClause ?? [];
  const frame = isByRow ? { kind: 'peers' as const } : frameOf(window);
  if (frame === undefined) return refuseFrame(location);
  const overOf = (clauses: readonly Node[]): string => printOver(p, window, clauses, scope);
  if (name === 'last_value') return printLast(p, frame, call, window, scope);
  if (name === 'first_value') {
    const isFromStart = frame.kind !== 'sliding' && !(frame.kind === 'running' && frame.isReversed);
    if (!isFromStart) return refuseFrame(location);
    return printOf(p, name, call, overOf(ordered), scope);
  }
  if (frame.kind === 'all') return printOf(p, name, call, overOf(isByRow ? ordered : []), scope);
  if (frame.kind === 'running') {
    // What IRIS does where nothing is said: one row after the other.
    if (ordered.length === 0) return refuse('rows of no order in a window', location, 'Say ORDER BY in the window.');
    return printOf(p, name, call, overOf(frame.isReversed ? reversed(ordered) : ordered), scope);
  }
  if (frame.kind === 'sliding') return printSliding(p, name, frame.offsets, call, window, scope);
  // Rows that are equal in the order count together in PostgreSQL, one by one in IRIS.
  if (isAggregate && window.orderClause !== undefined && !isOfSingleRows(window, scope))
    return printWithPeers(p, name, call, window, scope);
  return printOf(p, name, call, overOf(ordered), scope);
}

const refuseFrame = (location?: number): never =>
  refuse(
    'this frame of a window',
    location,
    'ROWS from or to the end of the partition are translated, and sum and avg over ROWS in reach.',
  );

function printOf(p: Printing, name: string, call: FuncCall, over: string, scope: Scope): string {
  const isExtreme = name === 'min' || name === 'max';
  const isText = isExtreme && textTypes.has(typeOf(p, call.args?.[0], scope));
  const valueOf = (arg: Node): string =>
    isText ? ordered(p, arg, scope) : isExtreme ? exact(p, arg, scope) : p.value(arg, scope);
  const [first, distance, otherwise] = call.args ?? [];
  const type = otherwise === undefined ? undefined : typeOf(p, { FuncCall: call }, scope);
  const args =
    call.agg_star === true
      ? '*'
      : first === undefined || distance === undefined || otherwise === undefined
        ? (call.args ?? []).map(valueOf).join(', ')
        : [valueAs(p, first, type, scope), p.value(distance, scope), valueAs(p, otherwise, type, scope)].join(', ');
  const printed = `${name.toUpperCase()}(${args}) ${over}`;
  return isText ? `SUBSTRING(${printed}, 2)` : printed;
}

/** The last row so far is this one; the last of all is the first from the other end. */
function printLast(p: Printing, frame: Frame, call: FuncCall, window: WindowDef, scope: Scope): string {
  const ordered = window.orderClause ?? [];
  if (frame.kind === 'running' && !frame.isReversed) return p.value(call.args?.[0], scope);
  const isWhole = frame.kind === 'all' || frame.kind === 'running';
  if (!isWhole || !isOfSingleRows(window, scope))
    return refuse('last_value in this window', call.location, 'Order by a key, and say ROWS ... UNBOUNDED FOLLOWING.');
  return printOf(p, 'first_value', call, printOver(p, window, reversed(ordered), scope), scope);
}

/** ntile(n), counted: the first tiles have a row more where n does not divide the rows. */
function printTiles(p: Printing, { args = [], location }: FuncCall, window: WindowDef, scope: Scope): string {
  const tiles = bodyOf(args[0], 'A_Const')?.ival?.ival ?? 0;
  if (tiles <= 0) return refuse('ntile of what is no constant, or not positive', location);
  const row = `(ROW_NUMBER() ${printOver(p, window, window.orderClause ?? [], scope)} - 1)`;
  const rows = `COUNT(*) ${printOver(p, window, [], scope)}`;
  const size = `(${rows} \\ ${tiles})`;
  const larger = `(MOD(${rows}, ${tiles}) * (${size} + 1))`; // rows in tiles with one more
  const late = `(MOD(${rows}, ${tiles}) + (${row} - ${larger}) \\ ${size})`;
  return `(CASE WHEN ${row} < ${larger} THEN ${row} \\ (${size} + 1) ELSE ${late} END + 1)`;
}

/** The rows in reach one by one: IRIS has frames for none but its sums, and those not in each version. */
function printSliding(
  p: Printing,
  name: string,
  offsets: readonly number[],
  call: FuncCall,
  window: WindowDef,
  scope: Scope,
): string {
  const [arg] = call.args ?? [];
  if ((name !== 'sum' && name !== 'avg') || arg === undefined || !numberTypes.has(typeOf(p, arg, scope)))
    return refuseFrame(call.location);
  if (window.orderClause === undefined) return refuseFrame(call.location);
  const ties = isOfSingleRows(window, scope) ? [] : printTies(p, scope); // one order for all of them
  if (ties === undefined)
    return refuse('a frame over rows that may be equal in its order', call.location, 'Order by a key, too.');
  const over = printOver(p, window, window.orderClause ?? [], scope, ties);
  const value = p.value(arg, scope);
  const values = offsets.map((offset) => {
    if (offset === 0) return operand(p, arg, scope);
    return `${offset < 0 ? 'LAG' : 'LEAD'}(${value}, ${Math.abs(offset)}) ${over}`;
  });
  const sum = values.map((each) => `COALESCE(${each}, 0)`).join(' + ');
  const count = values.map((each) => `CASE WHEN ${each} IS NULL THEN 0 ELSE 1 END`).join(' + ');
  const result = name === 'sum' ? sum : `(${sum}) / (${count})`;
  return `CASE WHEN ${values.map((each) => `${each} IS NOT NULL`).join(' OR ')} THEN ${result} END`;
}

/** A window by its name, or one that goes on from it, written out. */
function written(window: WindowDef, scope: Scope): WindowDef {
  const isReference = window.partitionClause === undefined && window.orderClause === undefined;
  const name = window.refname ?? (isReference ? window.name : undefined);
  if (name === undefined) return window;
  const known = scope.windows.get(name);
  if (known === undefined)
    throw new Refusal(`window "${name}" does not exist`, { sqlstate: '42704', location: window.location });
  const first = known.refname === undefined ? known : written(known, scope);
  const order = window.orderClause ?? first.orderClause;
  const { frameOptions, startOffset, endOffset } = window.refname === undefined ? first : window;
  return {
    ...(first.partitionClause === undefined ? {} : { partitionClause: first.partitionClause }),
    ...(order === undefined ? {} : { orderClause: order }),
    ...(frameOptions === undefined ? {} : { frameOptions }),
    ...(startOffset === undefined ? {} : { startOffset }),
    ...(endOffset === undefined ? {} : { endOffset }),
  };
}

/** Whether no two rows are equal in its partition and its order. */
function isOfSingleRows({ partitionClause = [], orderClause = [] }: WindowDef, scope: Scope): boolean {
  const nodes = [...partitionClause, ...orderClause.map((clause) => bodyOf(clause, 'SortBy')?.node)];
  return rowKeys(scope).some((key) => key.every((part) => nodes.some((node) => part.is(node))));
}
