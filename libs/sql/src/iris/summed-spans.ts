import type { FuncCall, Node } from 'libpg-query';
import { bodyOf, namesOf } from '../ast.ts';
import { typeOf } from './inference.ts';
import { microsPerSecond } from './interval-text.ts';
import { castTo, constant, number, operator, words } from './node-builders.ts';
import { momentSeparator, type ProxyComputation } from './proxy-computation.ts';
import type { Printing } from './printing.ts';
import type { Scope } from './scope.ts';
import { isDifference } from './span.ts';

/**
 * Prints sum() or avg() of differences of timestamps as `days|microseconds|count`, from which the proxy computes the interval, as PostgreSQL
 * adds days and time separately; undefined for anything else.
 */
export function summedSpans(
  p: Printing,
  node: Node | undefined,
  scope: Scope,
): { readonly arg: Node; readonly made: ProxyComputation } | undefined {
  const call = bodyOf(node, 'FuncCall');
  const name = namesOf(call?.funcname).at(-1);
  const [span, ...more] = call?.args ?? [];
  const isSum = (name === 'sum' || name === 'avg') && call?.over === undefined && call?.agg_distinct !== true;
  if (call === undefined || !isSum || span === undefined || more.length > 0) return undefined;
  if (typeOf(p, span, scope) !== 'interval' || !isDifference(p, span, scope)) return undefined;
  const of = (aggregate: string, field: string): Node => aggregateOf(call, aggregate, fieldOf(field, span));
  const micros = castTo('int8', operator('*', of('sum', 'epoch'), number(microsPerSecond)));
  const parts = [of('sum', 'day'), micros, of('count', 'epoch')];
  const arg = parts.reduce((text, part) => operator('||', operator('||', text, constant(momentSeparator)), part));
  return { arg, made: { kind: 'summedSpans', isAverage: name === 'avg' } };
}

/** An aggregate with the FILTER of the call. */
const aggregateOf = (call: FuncCall, name: string, arg: Node): Node => ({
  FuncCall: { ...call, funcname: words(name), args: [arg] },
});

const fieldOf = (field: string, span: Node): Node => ({
  FuncCall: {
    funcname: [...words('pg_catalog'), ...words('extract')],
    args: [constant(field), span],
    funcformat: 'COERCE_SQL_SYNTAX',
    location: -1,
  },
});
