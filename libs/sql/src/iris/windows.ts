import type { FuncCall, Node, WindowDef } from 'libpg-query';
import { bodyOf } from '../ast.ts';
import { exact, ordered } from './comparison.ts';
import { typeOf } from './inference.ts';
import { printSortKeys } from './order.ts';
import { textTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { Refusal, refuse } from './refusal.ts';
import { rowKeys } from './row-keys.ts';
import type { Scope } from './scope.ts';

const windowFunctions: ReadonlySet<string> = new Set([
  'row_number', 'rank', 'dense_rank', 'percent_rank', 'cume_dist', 'lag', 'lead', 'first_value',
]); // prettier-ignore
const aggregates: ReadonlySet<string> = new Set(['count', 'sum', 'avg', 'min', 'max']);

/** Frame options of a window that says nothing: RANGE from the first row to the peers of this one. */
const defaultFrame = 1058;

/** A call with OVER. */
export function printWindow(p: Printing, name: string, call: FuncCall, over: WindowDef, scope: Scope): string {
  const { location } = call;
  const window = written(over, scope);
  if ((window.frameOptions ?? defaultFrame) !== defaultFrame) return refuse('a window with a frame', location);
  if (call.agg_filter !== undefined || call.agg_distinct === true)
    return refuse('FILTER or DISTINCT in a window', location);
  const isAggregate = aggregates.has(name);
  if (!isAggregate && !windowFunctions.has(name)) return refuse(`${name} in a window`, location);
  // Rows that are equal in the order count together in PostgreSQL, one by one in IRIS.
  if (isAggregate && window.orderClause !== undefined && !isOfSingleRows(window, scope))
    return refuse('a running aggregate over rows that may be equal in its order', location, 'Order by a key, too.');
  const isExtreme = name === 'min' || name === 'max';
  const isText = isExtreme && textTypes.has(typeOf(p, call.args?.[0], scope));
  const valueOf = (arg: Node): string =>
    isText ? ordered(p, arg, scope) : isExtreme ? exact(p, arg, scope) : p.value(arg, scope);
  const args = call.agg_star === true ? '*' : (call.args ?? []).map(valueOf).join(', ');
  const partition = (window.partitionClause ?? []).map((each) => exact(p, each, scope));
  const order = printSortKeys(p, window.orderClause ?? [], scope);
  const parts = [
    partition.length === 0 ? [] : [`PARTITION BY ${partition.join(', ')}`],
    order.length === 0 ? [] : [`ORDER BY ${order.join(', ')}`],
  ].flat();
  const printed = `${name.toUpperCase()}(${args}) OVER (${parts.join(' ')})`;
  return isText ? `SUBSTRING(${printed}, 2)` : printed;
}

/** A window by its name, or one that goes on from it, written out. */
function written(window: WindowDef, scope: Scope): WindowDef {
  const isReference = window.partitionClause === undefined && window.orderClause === undefined;
  const name = window.refname ?? (isReference ? window.name : undefined);
  if (name === undefined) return window;
  const known = scope.windows.get(name);
  if (known === undefined)
    throw new Refusal(`window "${name}" does not exist`, { sqlstate: '42704', location: window.location });
  const { partitionClause, orderClause, frameOptions } = known.refname === undefined ? known : written(known, scope);
  const order = window.orderClause ?? orderClause;
  const frame = window.refname === undefined ? frameOptions : window.frameOptions;
  return {
    ...(partitionClause === undefined ? {} : { partitionClause }),
    ...(order === undefined ? {} : { orderClause: order }),
    ...(frame === undefined ? {} : { frameOptions: frame }),
  };
}

/** Whether no two rows are equal in its partition and its order. */
function isOfSingleRows({ partitionClause = [], orderClause = [] }: WindowDef, scope: Scope): boolean {
  const nodes = [...partitionClause, ...orderClause.map((clause) => bodyOf(clause, 'SortBy')?.node)];
  return rowKeys(scope).some((key) => key.every((part) => nodes.some((node) => part.is(node))));
}
