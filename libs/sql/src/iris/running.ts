import type { FuncCall, Node, WindowDef } from 'libpg-query';
import { bodyOf } from '../ast.ts';
import { exact } from './comparison.ts';
import { typeOf } from './inference.ts';
import { identifier } from './names.ts';
import { printSortKeys } from './order.ts';
import { integerTypes, textTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import { columnNamed, type Scope } from './scope.ts';

/** OVER (...) of these parts. @param ties further printed keys after those of ORDER BY */
export function printOver(
  p: Printing,
  { partitionClause = [] }: WindowDef,
  clauses: readonly Node[],
  scope: Scope,
  ties: readonly string[] = [],
): string {
  const partition = partitionClause.map((each) => exact(p, each, scope));
  const order = [...printSortKeys(p, clauses, scope), ...ties];
  const parts = [
    partition.length === 0 ? [] : [`PARTITION BY ${partition.join(', ')}`],
    order.length === 0 ? [] : [`ORDER BY ${order.join(', ')}`],
  ].flat();
  return `OVER (${parts.join(' ')})`;
}

/** A printed key of a query's rows; undefined if none is certain. */
export function printTies(p: Printing, scope: Scope): readonly string[] | undefined {
  if (scope.groups !== undefined) return scope.groups.map((group) => exact(p, group, scope));
  const ofTables = scope.tables.map((table): readonly string[] | undefined => {
    const alias = identifier(table.alias);
    if (table.hasRowId === true) return [`${alias}.%ID`];
    return table.keys?.[0]?.map((name) => {
      const column = `${alias}.${identifier(name)}`;
      const { type, isExact } = columnNamed(table, name) ?? {};
      return isExact === true || (type !== undefined && !textTypes.has(type)) ? column : `%EXACT(${column})`;
    });
  });
  return ofTables.includes(undefined) ? undefined : ofTables.flatMap((keys) => keys ?? []);
}

/**
 * Prints an aggregate over the default frame, up to the peers of the current row. Frames of IRIS are by rows, so it is corrected for the
 * peers before and after.
 */
export function printWithPeers(p: Printing, name: string, call: FuncCall, window: WindowDef, scope: Scope): string {
  const clauses = window.orderClause ?? [];
  const [arg] = call.args ?? [];
  const nodes = clauses.map((clause) => bodyOf(clause, 'SortBy')?.node).filter((node) => node !== undefined);
  const peers: WindowDef = { ...window, partitionClause: [...(window.partitionClause ?? []), ...nodes] };
  const ofPeers = printOver(p, peers, [], scope);
  if (call.agg_star === true) return `(RANK() ${printOver(p, window, clauses, scope)} - 1 + COUNT(*) ${ofPeers})`;
  const type = typeOf(p, arg, scope);
  if (name === 'min' || name === 'max') {
    if (type === undefined || textTypes.has(type)) return refuseTies(call.location);
    const [soFar, there] = [printOver(p, window, clauses, scope), ofPeers].map(
      (over) => `${name.toUpperCase()}(${p.value(arg, scope)}) ${over}`,
    );
    const isBeyond = `${there ?? ''} ${name === 'min' ? '<' : '>'} ${soFar ?? ''}`;
    return `CASE WHEN ${soFar ?? ''} IS NULL OR ${isBeyond} THEN ${there ?? ''} ELSE ${soFar ?? ''} END`;
  }
  const ties = printTies(p, scope);
  const isExact = name === 'count' || integerTypes.has(type) || type === 'numeric'; // floats would be inexact
  if (ties === undefined || !isExact) return refuseTies(call.location);
  const overs = [printOver(p, window, clauses, scope, ties), ofPeers, printOver(p, peers, [], scope, ties)];
  const total = (aggregate: string): string => {
    const [soFar, all, known] = overs.map((over) => `COALESCE(${aggregate}(${p.value(arg, scope)}) ${over}, 0)`);
    return `(${soFar ?? ''} + ${all ?? ''} - ${known ?? ''})`;
  };
  if (name === 'count') return total('COUNT');
  const sum = total('SUM');
  return `CASE WHEN ${total('COUNT')} > 0 THEN ${name === 'sum' ? sum : `${sum} / ${total('COUNT')}`} END`;
}

const refuseTies = (location?: number): never =>
  refuse(
    'a running aggregate over rows that may be equal in its order',
    location,
    'Order by a key, too, or say ROWS UNBOUNDED PRECEDING.',
  );
