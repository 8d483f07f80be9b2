import type { ColumnRef, FuncCall, Node } from 'libpg-query';
import { bodyOf, constantText, hasPart, namesOf } from '../ast.ts';
import { exact, ordered } from './comparison.ts';
import { isAggregateName } from './function-table.ts';
import { isAggregate } from './grouping.ts';
import { isWithoutType, inferType, openType, typeOf } from './inference.ts';
import { printJsonList } from './json.ts';
import { unitSeparator } from './proxy-computation.ts';
import { ofPairs, printOfPairs } from './pairs.ts';
import { numberTypes, textTypes, type PgType } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { placeOf, Refusal, refuse } from './refusal.ts';
import type { Scope } from './scope.ts';
import { typedValue } from './typed-constants.ts';

type Aggregate = (p: Printing, call: FuncCall, scope: Scope) => string;

const aggregates: Readonly<Record<string, Aggregate | undefined>> = {
  count: (p, call, scope) => {
    if (call.agg_star !== true) return printAggregate(p, 'COUNT', call, scope);
    if (call.agg_filter === undefined) return 'COUNT(*)';
    return `COUNT(CASE WHEN ${p.predicate(call.agg_filter, scope)} THEN 1 END)`;
  },
  sum: (p, call, scope) => printAggregate(p, 'SUM', call, scope),
  avg: (p, call, scope) => printAggregate(p, 'AVG', call, scope),
  min: (p, call, scope) => printAggregate(p, 'MIN', call, scope),
  max: (p, call, scope) => printAggregate(p, 'MAX', call, scope),
  bool_and: (p, call, scope) => printAggregate(p, 'MIN', call, scope),
  every: (p, call, scope) => printAggregate(p, 'MIN', call, scope),
  bool_or: (p, call, scope) => printAggregate(p, 'MAX', call, scope),
  string_agg: printList,
  json_agg: (p, call, scope) => printJsonList(p, 'json_agg', call, scope),
  jsonb_agg: (p, call, scope) => printJsonList(p, 'jsonb_agg', call, scope),
};

/** Prints an aggregate call; undefined if the function is not an aggregate. */
export function printAggregateCall(p: Printing, name: string, call: FuncCall, scope: Scope): string | undefined {
  if (isAggregateName(name)) noteAggregate(call, scope);
  const [arg] = call.args ?? [];
  if ((name === 'sum' || name === 'avg') && isWithoutType(p, arg))
    throw new Refusal(`function ${name}(unknown) is not unique`, {
      sqlstate: '42725',
      location: call.location,
      hint: 'Cast its arguments.',
    });
  const pairs = ofPairs[name];
  if (pairs !== undefined) return printOfPairs(p, pairs, call, scope);
  return aggregates[name]?.(p, call, scope);
}

function printAggregate(p: Printing, name: string, call: FuncCall, scope: Scope): string {
  const [arg, ...more] = call.args ?? [];
  if (arg === undefined || more.length > 0 || call.agg_order !== undefined)
    return refuse(`this use of ${name}`, call.location);
  const type = openType(p, namesOf(call.funcname).at(-1) ?? '', [arg], scope) ?? typeOf(p, arg, scope);
  checkAggregated(call, type);
  const isExtreme = name === 'MIN' || name === 'MAX';
  const isText = isExtreme && textTypes.has(type);
  inferType(p, arg, type);
  const asIs = call.agg_distinct === true || isExtreme ? exact(p, arg, scope) : p.value(arg, scope);
  const value = isText ? ordered(p, arg, scope) : (typedValue(p, arg, type) ?? asIs);
  const filtered =
    call.agg_filter === undefined ? value : `CASE WHEN ${p.predicate(call.agg_filter, scope)} THEN ${value} END`;
  const printed = `${name}(${call.agg_distinct === true ? 'DISTINCT ' : ''}${filtered})`;
  return isText ? `SUBSTRING(${printed}, 2)` : printed;
}

/** Refuses argument types that IRIS would convert to numbers or compare, and PostgreSQL does not accept. @throws Refusal 42883 */
function checkAggregated({ funcname, location }: FuncCall, type: PgType | undefined): void {
  const name = namesOf(funcname).at(-1) ?? '';
  const isWrong =
    name === 'sum' || name === 'avg'
      ? !numberTypes.has(type) && type !== 'interval'
      : name === 'min' || name === 'max'
        ? type === 'bool'
        : name !== 'count' && type !== 'bool';
  if (type === undefined && (name === 'min' || name === 'max'))
    return refuse(`${name} of something of unknown type`, location, 'Cast it.');
  if (type === 'time' && (name === 'sum' || name === 'avg'))
    return refuse(`${name} of times`, location, 'Compute it from the hours, minutes and seconds.');
  if (type !== undefined && isWrong)
    throw new Refusal(`function ${name}(${type}) does not exist`, { sqlstate: '42883', location });
}

/** Prints string_agg by LIST, which separates by commas only; for another separator, commas within the texts are replaced meanwhile. */
function printList(p: Printing, call: FuncCall, scope: Scope): string {
  const [arg, separator] = call.args ?? [];
  const between = bodyOf(separator, 'A_Const')?.sval === undefined ? undefined : constantText(separator);
  if (between === undefined || call.agg_order !== undefined)
    return refuse(
      'string_agg with an order, or with a separator that is not a constant',
      call.location,
      'LIST of IRIS has no order: select the rows in order, and join the texts where they are read.',
    );
  const text = call.agg_distinct === true ? exact(p, arg, scope) : p.value(arg, scope);
  const [comma, aside] = [p.marks.string(','), p.marks.string(unitSeparator)];
  const bare = between === ',' ? text : `REPLACE(${text}, ${comma}, ${aside})`;
  const kept =
    call.agg_filter === undefined ? bare : `CASE WHEN ${p.predicate(call.agg_filter, scope)} THEN ${bare} END`;
  const list = `LIST(${call.agg_distinct === true ? 'DISTINCT ' : ''}${kept})`;
  return between === ',' ? list : `REPLACE(REPLACE(${list}, ${comma}, ${p.marks.string(between)}), ${aside}, ${comma})`;
}

/** @throws Refusal 42803 for nested aggregates */
function noteAggregate({ args = [], agg_filter: filter, location }: FuncCall, scope: Scope): void {
  scope.aggregates++;
  if (isOfQueryAround(args, scope))
    refuse('an aggregate of an outer query', location, 'Compute it in a subquery in FROM.');
  let inner: FuncCall | undefined;
  hasPart(args, (node) => isAggregate(node) && (inner ??= bodyOf(node, 'FuncCall')) !== undefined);
  if (inner !== undefined)
    throw new Refusal('aggregate function calls cannot be nested', { sqlstate: '42803', location: inner.location });
  if (filter !== undefined && hasPart(filter, isAggregate))
    throw new Refusal('aggregate functions are not allowed in FILTER', {
      sqlstate: '42803',
      location: placeOf(filter),
    });
}

/** Whether an aggregate reads columns of an outer query only, so that it belongs to that query. */
function isOfQueryAround(args: readonly Node[], scope: Scope): boolean {
  const columns: ColumnRef[] = [];
  hasPart(args, (node) => {
    const column = bodyOf(node, 'ColumnRef');
    if (column !== undefined) columns.push(column);
    return false;
  });
  return columns.length > 0 && columns.every((column) => !scope.isOwn(column) && scope.column(column) !== undefined);
}
