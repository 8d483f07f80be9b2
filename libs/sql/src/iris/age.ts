import type { FuncCall, Node } from 'libpg-query';
import { bodyOf, namesOf } from '../ast.ts';
import { typeOf } from './inference.ts';
import { castTo, constant, operator } from './made-nodes.ts';
import { momentSeparator } from './made-text.ts';
import { timeTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import type { Scope } from './scope.ts';

/** The call of age() that a node is. */
export function ageOf(node: Node | undefined): FuncCall | undefined {
  const call = bodyOf(node, 'FuncCall');
  const words = namesOf(call?.funcname);
  return words.at(-1) === 'age' && (words.length === 1 || words[0] === 'pg_catalog') ? call : undefined;
}

/** `to|from` as text, of which the proxy makes what age() says; undefined for anything else. */
export function agePair(p: Printing, node: Node | undefined, scope: Scope): Node | undefined {
  const call = ageOf(node);
  if (call === undefined) return undefined;
  const [first, second, ...more] = call.args ?? [];
  const momentOf = (moment: Node | undefined): Node => {
    const type = typeOf(p, moment, scope);
    if (moment === undefined || !timeTypes.has(type))
      return refuse('age() of something of unknown type', call.location, 'Cast it.');
    return type === 'timestamptz' ? castTo('timestamp', moment) : moment;
  };
  if (more.length > 0) return refuse('this age()', call.location);
  const to: Node = second === undefined ? { SQLValueFunction: { op: 'SVFOP_CURRENT_DATE' } } : momentOf(first);
  return operator('||', operator('||', to, constant(momentSeparator)), momentOf(second ?? first));
}

/** age() where nothing can be made of it. */
export const refuseAge = (location?: number): never =>
  refuse(
    'age() here',
    location,
    'It is translated as a column of the result, and inside extract(year | month from ...); moments say which is older.',
  );

/**
 * extract(field from age(to, from)): whole years, and months beyond them, as birthdays count them. Days beyond those
 * depend on the lengths of months.
 */
export function printAgeField(p: Printing, field: string, call: FuncCall, scope: Scope, location?: number): string {
  const [first, second] = call.args ?? [];
  if (field !== 'year' && field !== 'month')
    return refuse(
      `extract(${field}) from age()`,
      location,
      'Its years and months are translated; or take one from the other.',
    );
  const moment = (node: Node | undefined): string => {
    const type = typeOf(p, node, scope);
    if (!timeTypes.has(type)) return refuse('age() of something of unknown type', location, 'Cast it.');
    return type === 'date' ? `CAST(${p.value(node, scope)} AS TIMESTAMP)` : p.value(node, scope);
  };
  const to = second === undefined ? 'CAST(CURRENT_DATE AS TIMESTAMP)' : moment(first);
  const from = moment(second ?? first);
  // From the earlier one to the later: a month is whole when its day and time have come.
  const months = (later: string, earlier: string): string =>
    `(DATEDIFF('month', ${earlier}, ${later}) - CASE WHEN ${inMonth(later)} < ${inMonth(earlier)} THEN 1 ELSE 0 END)`;
  const all = `CASE WHEN ${to} >= ${from} THEN ${months(to, from)} ELSE -${months(from, to)} END`;
  return field === 'year' ? `((${all}) \\ 12)` : `MOD(${all}, 12)`;
}

/** Microseconds since the month has begun. */
const inMonth = (moment: string): string =>
  `DATEDIFF('microsecond', DATEADD('day', 1 - DATEPART('day', ${moment}), CAST(CAST(${moment} AS DATE) AS TIMESTAMP)), ${moment})`;
