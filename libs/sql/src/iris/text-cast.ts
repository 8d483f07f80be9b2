import type { Node } from 'libpg-query';
import { operand } from './expression.ts';
import { timeTypes, type PgType } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import { checkRepeatable } from './repeatable.ts';
import type { Scope } from './scope.ts';

/** %PATTERNs of texts that IRIS converts like PostgreSQL; numbers have at most the digits that certainly fit. */
const number = '.1"-"1(1.18N,1.9N1"."1.9N)';
const day = '4N1"-"2N1"-"2N';
const clock = '2N1":"2N1":"2N';
const patterns: { readonly [Type in PgType]?: string } = {
  int2: '.1"-"1.4N',
  int4: '.1"-"1.9N',
  int8: '.1"-"1.18N',
  numeric: number,
  float4: number,
  float8: number,
  date: day,
};

const yes = ['t', 'tr', 'tru', 'true', 'y', 'ye', 'yes', 'on', '1'];
const no = ['f', 'fa', 'fal', 'fals', 'false', 'n', 'no', 'of', 'off', '0'];

/**
 * Prints a cast of text to another type. IRIS converts invalid text to 0 or to another date, so any text that is not in plain notation
 * causes an error, here a division by zero; PostgreSQL's cast fails for most of these too.
 */
export function castText(
  p: Printing,
  arg: Node | undefined,
  to: PgType,
  type: string,
  scope: Scope,
  location?: number,
): string {
  checkRepeatable(arg, 'a cast of text');
  p.divisions.add(timeTypes.has(to) ? '22007' : '22P02');
  const text = operand(p, arg, scope);
  const isLike = (pattern: string): string => `%EXACT(${text}) %PATTERN '${pattern}'`;
  const failed = `1 / (CHAR_LENGTH(${text}) - CHAR_LENGTH(${text}))`;
  const checked = (branches: readonly string[]): string =>
    `CASE ${branches.join(' ')} WHEN ${text} IS NOT NULL THEN CAST(${failed} AS VARCHAR(1)) END`;
  if (to === 'bool') {
    const isOneOf = (words: readonly string[]): string =>
      `%EXACT(LOWER(${text})) IN (${words.map((word) => `'${word}'`).join(', ')})`;
    return `CASE WHEN ${isOneOf(yes)} THEN 1 WHEN ${isOneOf(no)} THEN 0 WHEN ${text} IS NOT NULL THEN ${failed} END`;
  }
  if (to === 'timestamp' || to === 'timestamptz') {
    const moment = checked([
      `WHEN ${isLike(`${day}1" "${clock}`)} THEN ${text}`,
      `WHEN ${isLike(day)} THEN ${text} || ' 00:00:00'`,
    ]);
    return `TO_TIMESTAMP(${moment}, 'YYYY-MM-DD HH24:MI:SS')`;
  }
  const pattern = patterns[to] ?? refuse(`a cast of text to ${to}`, location);
  const value = checked([`WHEN ${isLike(pattern)} THEN ${text}`]);
  return to === 'date' ? `TO_DATE(${value}, 'YYYY-MM-DD')` : `CAST(${value} AS ${type})`;
}
