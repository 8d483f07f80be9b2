import type { Node } from 'libpg-query';
import { bodyOf, constantText, kindOf, lastNameOf } from '../ast.ts';
import { operand, printReference } from './expression.ts';
import { isNullable, isUntypedConstant, inferType, typeOf } from './inference.ts';
import { numberTypes, textTypes, timeTypes, type PgType } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse, Refusal } from './refusal.ts';
import type { Scope } from './scope.ts';
import { comparedSpan } from './span.ts';
import { typedConstant } from './typed-constants.ts';

/** Columns that hold schema names; constants compared with them are translated too. */
const schemaColumns: ReadonlySet<string> = new Set([
  'table_schema',
  'schema_name',
  'nspname',
  'schemaname',
  'constraint_schema',
  'routine_schema',
  'view_schema',
]);

/** Prints a comparison with PostgreSQL's semantics: texts compare by their stored value (%EXACT). */
export function comparison(
  p: Printing,
  operator: string,
  left: Node | undefined,
  right: Node | undefined,
  scope: Scope,
  location?: number,
): string {
  if ([left, right].some((side) => side !== undefined && kindOf(side) === 'RowExpr')) {
    return refuse('a comparison of rows', location);
  }
  const types = [typeOf(p, left, scope), typeOf(p, right, scope)] as const;
  const isText = isComparedText(p, [left, right], types, location);
  const isMoment = areMoments(types);
  const isOrder = isText && orders.has(operator);
  if (isOrder) checkOrdered(types, [left, right], location);
  const textOf = isOrder && isOrdered(types, [left, right]) ? ordered : exact;
  const print = (
    node: Node | undefined,
    type: PgType | undefined,
    other: Node | undefined,
    beside: PgType | undefined,
  ): string =>
    schemaName(p, node, other) ??
    (beside === 'interval' ? comparedSpan(p, node, scope) : undefined) ??
    typedConstant(p, node, beside) ??
    (isText ? textOf(p, node, scope) : comparedOperand(p, node, scope, isMoment, type));
  const [one, another] = [print(left, types[0], right, types[1]), print(right, types[1], left, types[0])];
  return `${one} ${operator === '!=' ? '<>' : operator} ${another}`;
}

/** Whether dates are compared with timestamps: PostgreSQL compares as timestamps, IRIS as dates. */
export function areMoments(types: readonly (PgType | undefined)[]): boolean {
  return types.includes('date') && types.some((type) => type === 'timestamp' || type === 'timestamptz');
}

export function comparedOperand(
  p: Printing,
  node: Node | undefined,
  scope: Scope,
  isMoment: boolean,
  type = typeOf(p, node, scope),
): string {
  if (type === 'interval') return comparedSpan(p, node, scope);
  const printed = operand(p, node, scope);
  return isMoment && type === 'date' ? `CAST(${printed} AS TIMESTAMP)` : printed;
}

/** Whether two operands may be text: not if one of them is known to be of another type. */
export function comparedText(
  p: Printing,
  left: Node | undefined,
  right: Node | undefined,
  scope: Scope,
  location?: number,
): boolean {
  return isComparedText(p, [left, right], [typeOf(p, left, scope), typeOf(p, right, scope)], location);
}

function isComparedText(
  p: Printing,
  [left, right]: readonly [Node | undefined, Node | undefined],
  types: readonly [PgType | undefined, PgType | undefined],
  location?: number,
): boolean {
  inferType(p, left, types[1], location);
  inferType(p, right, types[0], location);
  if (types.some((type) => type === 'json' || type === 'jsonb')) return refuse('a comparison of JSON', location);
  if (types.every((type) => type === undefined || textTypes.has(type))) return true;
  const isTextBesideOther = types.some((type) => textTypes.has(type)) && types.some((type) => unlikeText.has(type));
  const isBooleanBesideOther = types.includes('bool') && types.some((type) => type !== undefined && type !== 'bool');
  if (isTextBesideOther || isBooleanBesideOther)
    throw new Refusal(`operator does not exist: ${types.join(' and ')} are not compared`, {
      sqlstate: '42883',
      location,
      hint: 'Cast one of them.',
    });
  return false;
}

/** Types that PostgreSQL does not compare with text, while IRIS does. */
const unlikeText: ReadonlySet<PgType | undefined> = new Set([
  ...numberTypes,
  ...timeTypes,
  'bool',
  'time',
  'bytea',
  'interval',
]);

/** Prints an expression so that a text compares by its stored value; no %EXACT for what IRIS does not collate. */
export function exact(p: Printing, node: Node | undefined, scope: Scope): string {
  if (node === undefined) return refuse('an empty expression');
  const column = bodyOf(node, 'ColumnRef');
  const printed = column === undefined ? operand(p, node, scope) : printReference(p, column, scope);
  const seen = column === undefined ? undefined : scope.column(column);
  if (seen?.isExact === true) return printed;
  const type = column === undefined ? typeOf(p, node, scope) : seen?.type;
  if (isUntypedConstant(node) || bodyOf(node, 'ParamRef') !== undefined) return printed;
  if (type !== undefined && !textTypes.has(type)) return printed;
  const isConstant = bodyOf(node, 'TypeCast')?.arg !== undefined && isUntypedConstant(bodyOf(node, 'TypeCast')?.arg);
  return isConstant ? printed : `%EXACT(${printed})`;
}

const orders: ReadonlySet<string> = new Set(['<', '>', '<=', '>=']);

/**
 * Whether the operands are certainly texts whose order must be corrected, as EXACT orders numeric texts by value. Not needed beside a
 * constant that sorts after all digits.
 */
export function isOrdered(types: readonly (PgType | undefined)[], nodes: readonly (Node | undefined)[]): boolean {
  const isText = types.some((type) => textTypes.has(type));
  const constants = nodes.map((node) => constantText(bodyOf(node, 'TypeCast')?.arg ?? node));
  return isText && !constants.some((text) => text !== undefined && text > ':');
}

/**
 * Refuses an operand of unknown type beside a constant that may be a number, as texts order by characters, and numbers
 * by value. @throws Refusal
 */
export function checkOrdered(
  types: readonly (PgType | undefined)[],
  nodes: readonly (Node | undefined)[],
  location?: number,
): void {
  if (types.some((type) => type !== undefined) || nodes.every(isOpenText)) return;
  const constants = nodes.map((node) => constantText(node)).filter((text) => text !== undefined);
  if (constants.some((text) => text > ':')) return;
  refuse('the order of something of unknown type', location, 'Cast it.');
}

const isOpenText = (node: Node | undefined): boolean =>
  isUntypedConstant(node) || bodyOf(node, 'ParamRef') !== undefined;

/**
 * Prints a text for an order comparison. EXACT orders numeric texts before all others and by value ('9' before '10', both before ''); with
 * a leading space no text is numeric.
 */
export function ordered(p: Printing, node: Node | undefined, scope: Scope): string {
  const constant = isUntypedConstant(node) ? constantText(node) : undefined;
  if (constant !== undefined) return p.marks.string(` ${constant}`);
  const parameter = bodyOf(node, 'ParamRef')?.number;
  if (parameter !== undefined) return p.marks.parameter(parameter, 'behindBlank');
  const value = withLeadingBlank(p, operand(p, node, scope));
  return isNullable(p, node, scope) ? `CASE WHEN ${operand(p, node, scope)} IS NOT NULL THEN ${value} END` : value;
}

/** Prefixes a text with a space, so that it is not ordered as a number. */
export const withLeadingBlank = (p: Printing, value: string): string => `%EXACT(${p.marks.string(' ')} || ${value})`;

function schemaName(p: Printing, node: Node | undefined, other: Node | undefined): string | undefined {
  if (bodyOf(node, 'A_Const')?.sval === undefined) return undefined;
  const isSchema = schemaColumns.has(lastNameOf(bodyOf(other, 'ColumnRef')?.fields) ?? '');
  return isSchema ? p.marks.string(p.schemas.toIris(constantText(node) ?? '')) : undefined;
}

export function isSchemaColumn(label: string): boolean {
  return schemaColumns.has(label);
}
