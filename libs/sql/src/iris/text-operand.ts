import type { Node } from 'libpg-query';
import { operand } from './expression.ts';
import { typeOf } from './inference.ts';
import { fractionText } from './number-text.ts';
import { numberTypes, integerTypes, textTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import type { Scope } from './scope.ts';

const wordsOf = (value: string, yes: string, no: string): string =>
  `CASE ${value} WHEN 1 THEN '${yes}' WHEN 0 THEN '${no}' END`;

/** The same in PostgreSQL's output format, for concat() and format(). */
export function outputText(p: Printing, node: Node | undefined, scope: Scope, location?: number): string {
  if (typeOf(p, node, scope) !== 'bool') return textOperand(p, node, scope, location);
  return wordsOf(operand(p, node, scope), 't', 'f');
}

/** Internal function name for a text from which PostgreSQL's format can be computed. */
export const valueText = 'iris_value_text';

/** Prints such a text: numbers as in IRIS, and dates in ISO format. */
export function printValueText(p: Printing, [value]: readonly Node[], scope: Scope): string {
  const type = typeOf(p, value, scope);
  if (type === 'date') return textOperand(p, value, scope);
  const printed = operand(p, value, scope);
  return textTypes.has(type) ? printed : `CAST(${printed} AS VARCHAR(65535))`;
}

/** Prints a value converted to text; IRIS would convert a DATE to its day number, and 0.5 to `.5`. */
export function textOperand(p: Printing, node: Node | undefined, scope: Scope, location?: number): string {
  const type = typeOf(p, node, scope);
  const value = operand(p, node, scope);
  if (type === 'date') return `TO_CHAR(${value}, 'YYYY-MM-DD')`;
  if (type === 'timestamp' || type === 'time') return `CAST(${value} AS VARCHAR(65535))`;
  if (node !== undefined && numberTypes.has(type) && !integerTypes.has(type))
    return (
      fractionText(p, node, scope) ??
      refuse('a number with a fraction as text', location, 'Cast it to numeric(p, s) first, which fixes its digits.')
    );
  if (type === 'timestamptz')
    return refuse('a timestamptz as text', location, 'Cast it to timestamp first, or leave that to the client.');
  if (type === 'bool') return wordsOf(value, 'true', 'false');
  if (type === 'json' || type === 'jsonb')
    return refuse('JSON as text', location, 'IRIS writes it with other blanks: leave that to the client.');
  if (type === 'interval' || type === 'bytea' || type === 'vector') return refuse(`${type} as text`, location);
  return value;
}
