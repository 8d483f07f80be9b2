import type { Node } from 'libpg-query';
import { bodyOf } from '../ast.ts';
import { castValue } from './cast.ts';
import type { ColumnFacts, TableFacts } from './catalog.ts';
import { inferType, typeOf } from './inference.ts';
import { integerTypes, numberTypes, textTypes, type PgType } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { placeOf, Refusal, refuse } from './refusal.ts';
import type { Scope } from './scope.ts';
import { checkNumber, typedConstant, untypedText } from './typed-constants.ts';
import { vectorSide } from './vector.ts';

/** Prints a value assigned to a column with PostgreSQL's assignment cast; IRIS would store fractions, or day numbers of dates. */
export function printAssigned(p: Printing, node: Node, column: ColumnFacts | undefined, scope: Scope): string {
  const to = column?.type;
  inferType(p, node, to);
  if (typeOf(p, node, scope) === 'interval') throw unlike('interval', column, node);
  if (to === undefined) return p.value(node, scope);
  checkNumber(to, node);
  checkLength(node, column);
  const constant = typedConstant(p, node, to);
  if (constant !== undefined) return constant;
  if (to === 'vector' && (untypedText(node) !== undefined || bodyOf(node, 'ParamRef') !== undefined))
    return vectorSide(p, node, column, scope);
  const from = typeOf(p, node, scope);
  if (from === undefined || from === to || !isCast(from, to)) return p.value(node, scope);
  if (isRefused(from, to)) throw unlike(from, column, node);
  return castValue(p, { arg: node, typeName: { names: [{ String: { sval: to } }], location: -1 } }, scope);
}

/** Refuses a text that is longer than its column, not counting trailing spaces. @throws Refusal 22001 */
function checkLength(node: Node, { type, modifiers = [] }: Partial<ColumnFacts> = {}): void {
  const [length] = modifiers;
  const text = textTypes.has(type) ? untypedText(node)?.trimEnd() : undefined;
  if (length === undefined || text === undefined || Array.from(text).length <= length) return;
  const named = type === 'bpchar' ? 'character' : 'character varying';
  throw new Refusal(`value too long for type ${named}(${length})`, { sqlstate: '22001', isPlaceless: true });
}

/** Checks that a column of a query can be assigned without a cast. @throws Refusal */
export function checkAssigned(from: PgType | undefined, column: ColumnFacts | undefined, part: unknown): void {
  const to = column?.type;
  if (from === 'interval') throw unlike(from, column, part);
  if (from === undefined || to === undefined || from === to || !isCast(from, to)) return;
  if (isRefused(from, to)) throw unlike(from, column, part);
  refuse(`${from} of a query in a column of type ${to}`, placeOf(part), 'Cast it.');
}

const unlike = (from: PgType, column: ColumnFacts | undefined, part: unknown): Refusal =>
  new Refusal(`column "${column?.name ?? ''}" is of type ${column?.type ?? ''} but expression is of type ${from}`, {
    sqlstate: '42804',
    hint: 'Cast it.',
    location: placeOf(part),
  });

/** Whether an assignment needs a cast, as IRIS would store another value than PostgreSQL. */
function isCast(from: PgType, to: PgType): boolean {
  if (textTypes.has(to)) return !textTypes.has(from) && from !== 'uuid' && !integerTypes.has(from);
  if (integerTypes.has(to)) return !integerTypes.has(from);
  if (to === 'date') return from !== 'date';
  return to === 'bool' || numberTypes.has(to) !== numberTypes.has(from);
}

/** Whether PostgreSQL has an explicit cast only, so the assignment is an error. */
function isRefused(from: PgType, to: PgType): boolean {
  if (textTypes.has(to)) return false;
  if (numberTypes.has(to)) return !numberTypes.has(from);
  return to === 'bool' || (to === 'date' && from !== 'timestamp' && from !== 'timestamptz');
}

export function columnFacts(facts: TableFacts | undefined, name: string | undefined): ColumnFacts | undefined {
  return facts?.columns.find((column) => column.name === name?.toLowerCase());
}
