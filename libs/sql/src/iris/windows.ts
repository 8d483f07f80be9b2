import type { FuncCall, Node, WindowDef } from 'libpg-query';
import { bodyOf } from '../ast.ts';
import { exact, ordered } from './comparison.ts';
import { valueAs } from './expression.ts';
import { frameOf, reversed, type Frame } from './frames.ts';
import { typeOf } from './inference.ts';
import { textTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { Refusal, refuse } from './refusal.ts';
import { rowKeys } from './row-keys.ts';
import { printOver, printWithPeers } from './running.ts';
import type { Scope } from './scope.ts';
import { printSliding } from './sliding.ts';
import { printSpread, spreads } from './spread.ts';

const windowFunctions: ReadonlySet<string> = new Set([
  'row_number', 'rank', 'dense_rank', 'percent_rank', 'cume_dist', 'lag', 'lead', 'first_value',
]); // prettier-ignore
/** Whether a function stands with OVER alone. */
export const isWindowFunction = (name: string): boolean =>
  windowFunctions.has(name) || name === 'ntile' || name === 'last_value' || name === 'nth_value';

const aggregates: ReadonlySet<string> = new Set(['count', 'sum', 'avg', 'min', 'max']);

/** Aggregates of booleans, which are 1 and 0 in IRIS. */
const ofBooleans: Readonly<Record<string, string>> = { bool_and: 'min', every: 'min', bool_or: 'max' };

/** Prints a window function call. */
export function printWindow(p: Printing, called: string, whole: FuncCall, over: WindowDef, scope: Scope): string {
  const { location } = whole;
  scope.windowCalls++;
  const window = written(over, scope);
  const name = ofBooleans[called] ?? called;
  if (whole.agg_distinct === true) return refuse('DISTINCT in a window', location);
  const spread = spreads.get(name);
  if (spread !== undefined) {
    const isWhole = window.orderClause === undefined || frameOf(window)?.kind === 'all';
    if (!isWhole || whole.agg_filter !== undefined)
      return refuse(`${name} in this window`, location, 'Use it over the whole partition, without ORDER BY.');
    return printSpread(p, spread, whole, window, scope);
  }
  const call = filtered(called, whole);
  if (name === 'ntile') return printTiles(p, call, window, scope);
  const isAggregate = aggregates.has(name);
  const isByRow = windowFunctions.has(name) && name !== 'first_value'; // frames do not affect these
  if (!isAggregate && !isByRow && name !== 'first_value' && name !== 'last_value')
    return refuse(
      `${name} in a window`,
      location,
      'Number the rows by row_number() in a subquery, and select the row by max(CASE WHEN n = ... THEN value END).',
    );
  const ordered = window.orderClause ?? [];
  const frame = isByRow ? { kind: 'peers' as const } : frameOf(window);
  if (frame === undefined) return refuseFrame(location);
  const overOf = (clauses: readonly Node[]): string => printOver(p, window, clauses, scope);
  if (frame.kind === 'sliding' && !isByRow) {
    const sliding = { name, call, window, offsets: frame.offsets, isOfSingleRows: isOfSingleRows(window, scope) };
    return printSliding(p, sliding, scope) ?? refuseFrame(location);
  }
  if (name === 'last_value') return printLast(p, frame, call, window, scope);
  if (name === 'first_value') {
    const isFromStart = !(frame.kind === 'running' && frame.isReversed);
    if (!isFromStart) return refuseFrame(location);
    return printOf(p, name, call, overOf(ordered), scope);
  }
  if (frame.kind === 'all') return printOf(p, name, call, overOf(isByRow ? ordered : []), scope);
  if (frame.kind === 'running') {
    // IRIS would use the order of the rows.
    if (ordered.length === 0) return refuse('a ROWS frame without ORDER BY', location, 'Add ORDER BY to the window.');
    return printOf(p, name, call, overOf(frame.isReversed ? reversed(ordered) : ordered), scope);
  }
  // The default frame includes peers in PostgreSQL, but is by rows in IRIS.
  if (isAggregate && window.orderClause !== undefined && !isOfSingleRows(window, scope))
    return printWithPeers(p, name, call, window, scope);
  return printOf(p, name, call, overOf(ordered), scope);
}

const refuseFrame = (location?: number): never =>
  refuse(
    'this frame of a window',
    location,
    'ROWS from or to the end of the partition are translated, and sum, avg, count, min, max, first_value and last_value over ROWS in reach.',
  );

/** Rewrites FILTER as an argument that is NULL for other rows. @throws Refusal 42809 */
function filtered(name: string, call: FuncCall): FuncCall {
  const { agg_filter: filter, agg_star: isOfRows, ...bare } = call;
  if (filter === undefined) return call;
  if (!aggregates.has(ofBooleans[name] ?? name))
    throw new Refusal(`FILTER specified, but ${name} is not an aggregate function`, {
      sqlstate: '42809',
      location: call.location,
    });
  const result = isOfRows === true ? one : bare.args?.[0];
  const kept = { expr: filter, ...(result === undefined ? {} : { result }) };
  return { ...bare, args: [{ CaseExpr: { args: [{ CaseWhen: kept }] } }] };
}

const one: Node = { A_Const: { ival: { ival: 1 }, location: -1 } };

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

/** last_value: the current row for a running frame; over all rows, the first one of the reverse order. */
function printLast(p: Printing, frame: Frame, call: FuncCall, window: WindowDef, scope: Scope): string {
  const ordered = window.orderClause ?? [];
  const isOwn = frame.kind === 'peers' && isOfSingleRows(window, scope);
  if (isOwn || (frame.kind === 'running' && !frame.isReversed)) return p.value(call.args?.[0], scope);
  const isWhole = frame.kind === 'all' || frame.kind === 'running';
  if (!isWhole || !isOfSingleRows(window, scope))
    return refuse('last_value in this window', call.location, 'Order by a key, and say ROWS ... UNBOUNDED FOLLOWING.');
  return printOf(p, 'first_value', call, printOver(p, window, reversed(ordered), scope), scope);
}

/** ntile(n) by row numbers; the first tiles have one more row if n does not divide the number of rows. */
function printTiles(p: Printing, { args = [], location }: FuncCall, window: WindowDef, scope: Scope): string {
  const tiles = bodyOf(args[0], 'A_Const')?.ival?.ival ?? 0;
  if (tiles <= 0) return refuse('ntile of something other than a positive constant', location);
  const row = `(ROW_NUMBER() ${printOver(p, window, window.orderClause ?? [], scope)} - 1)`;
  const rows = `COUNT(*) ${printOver(p, window, [], scope)}`;
  const size = `(${rows} \\ ${tiles})`;
  const larger = `(MOD(${rows}, ${tiles}) * (${size} + 1))`; // rows in tiles with one more
  const late = `(MOD(${rows}, ${tiles}) + (${row} - ${larger}) \\ ${size})`;
  return `(CASE WHEN ${row} < ${larger} THEN ${row} \\ (${size} + 1) ELSE ${late} END + 1)`;
}

/** Resolves a named window, or one that extends it. */
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

/** Whether no two rows of a partition are equal in its order. */
function isOfSingleRows({ partitionClause = [], orderClause = [] }: WindowDef, scope: Scope): boolean {
  const nodes = [...partitionClause, ...orderClause.map((clause) => bodyOf(clause, 'SortBy')?.node)];
  return rowKeys(scope).some((key) => key.every((part) => nodes.some((node) => part.is(node))));
}
