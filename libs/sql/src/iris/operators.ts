import type { A_Expr, Node } from 'libpg-query';
import { bodyOf, constantText, namesOf } from '../ast.ts';
import { printBits } from './bits.ts';
import { comparison } from './comparison.ts';
import { operand, valueAs } from './expression.ts';
import { isNullable, isOfOther, isOpenParameter, isWithoutType, inferType, typeOf } from './inference.ts';
import { printJsonPath } from './json-path.ts';
import { integerTypes, numberTypes, textTypes, timeTypes, type PgType } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { Refusal, refuse } from './refusal.ts';
import type { Scope } from './scope.ts';
import { textOperand } from './text-operand.ts';
import { printSpan } from './span.ts';
import { printTimeArithmetic } from './time.ts';
import { typedConstant } from './typed-constants.ts';
import { printDistance } from './vector.ts';

/** Prints operators other than comparisons. */
export function printOperator(p: Printing, expression: A_Expr, scope: Scope): string {
  const { kind, name, lexpr, rexpr, location } = expression;
  if (kind === 'AEXPR_NULLIF') return printNullIf(p, expression, scope);
  const words = namesOf(name);
  const operator = words.at(-1) ?? '';
  if (words.length > 1 && words[0] !== 'pg_catalog') return refuse('an operator of a schema', location);
  if (lexpr === undefined) return printSign(p, operator, rexpr, scope, location);
  switch (operator) {
    case '+':
    case '-':
    case '*':
    case '/':
      return printArithmetic(p, operator, expression, scope);
    case '%':
      checkNumber(typeOf(p, lexpr, scope), location);
      checkNumber(typeOf(p, rexpr, scope), location);
      inferType(p, lexpr, typeOf(p, rexpr, scope), location);
      inferType(p, rexpr, typeOf(p, lexpr, scope), location);
      noteDivision(p, rexpr);
      return `MOD(${p.value(lexpr, scope)}, ${p.value(rexpr, scope)})`; // # would have the sign of the divisor
    case '^':
      return `POWER(${p.value(lexpr, scope)}, ${p.value(rexpr, scope)})`;
    case '||':
      return printConcatenation(p, expression, scope);
    case '&':
    case '|':
    case '#':
    case '<<':
    case '>>':
      return printBits(p, expression, scope);
    case '->':
    case '->>':
    case '#>':
    case '#>>':
      return printJsonPath(p, expression, scope);
    case '<->':
    case '<=>':
    case '<#>':
      return printDistance(p, expression, scope);
    default:
      return refuse(`the operator ${operator}`, location);
  }
}

function printSign(p: Printing, operator: string, rexpr: Node | undefined, scope: Scope, location?: number): string {
  if (operator === '~' && integerTypes.has(typeOf(p, rexpr, scope))) return `(-${operand(p, rexpr, scope)} - 1)`;
  if (operator !== '-' && operator !== '+') return refuse(`the operator ${operator}`, location);
  if (typeOf(p, rexpr, scope) === 'interval')
    return operator === '+' ? operand(p, rexpr, scope) : `-(${printSpan(p, rexpr, scope)})`;
  if (operator === '-' && isWithoutType(p, rexpr)) throw ambiguous(operator, location);
  checkNumber(typeOf(p, rexpr, scope), location);
  const value = operand(p, rexpr, scope);
  return operator === '+' ? value : value.startsWith('-') ? `-(${value})` : `-${value}`;
}

function printArithmetic(p: Printing, operator: '+' | '-' | '*' | '/', expression: A_Expr, scope: Scope): string {
  const { lexpr, rexpr, location } = expression;
  const types = [typeOf(p, lexpr, scope), typeOf(p, rexpr, scope)] as const;
  const isOfTimes = types[0] === 'time' && (operator === '-' || (operator === '+' && isOpenParameter(p, rexpr)));
  if (isOfTimes || types.some((type) => type === 'interval' || timeTypes.has(type)))
    return printTimeArithmetic(p, expression, scope);
  if (isWithoutType(p, lexpr) && isWithoutType(p, rexpr)) throw ambiguous(operator, location);
  // A parameter takes the type of the other operand.
  const left = isOpenParameter(p, lexpr) ? types[1] : types[0];
  const right = isOpenParameter(p, rexpr) ? types[0] : types[1];
  checkNumber(left, location);
  checkNumber(right, location);
  inferType(p, lexpr, right, location);
  inferType(p, rexpr, left, location);
  const sides = [
    typedConstant(p, lexpr, right) ?? operand(p, lexpr, scope),
    typedConstant(p, rexpr, left) ?? operand(p, rexpr, scope),
  ] as const;
  if (operator !== '/') return sides.join(` ${operator} `);
  noteDivision(p, rexpr);
  const isFraction = [left, right].some((type) => numberTypes.has(type) && !integerTypes.has(type));
  if (!isFraction && !(integerTypes.has(left) && integerTypes.has(right))) {
    return refuse(
      'a division of operands of unknown type',
      location,
      'Cast one of them: a::numeric / b, or a::int / b::int.',
    );
  }
  return sides.join(isFraction ? ' / ' : ' \\ ');
}

/** PostgreSQL's error for an operator whose operands are all untyped. */
const ambiguous = (operator: string, location: number | undefined): Refusal =>
  new Refusal(`operator is not unique: ${operator} of what has no type`, {
    sqlstate: '42725',
    location,
    hint: 'Cast one of them.',
  });

/** Records that the statement itself may divide by zero. */
export function noteDivision(p: Printing, divisor: Node | undefined): void {
  if (!(Math.abs(Number(constantText(divisor) ?? 0)) > 0)) p.divisions.add('22012');
}

/** Checks that an operand is a number, as IRIS converts texts and times implicitly. */
function checkNumber(type: PgType | undefined, location?: number): void {
  if (type === undefined || numberTypes.has(type)) return;
  if (type === 'time') refuse('arithmetic with times', location, 'An interval can be added, and a time taken away.');
  throw new Refusal(`operator does not exist: ${type} is no number`, {
    sqlstate: '42883',
    location,
    hint: 'A constant interval can be added to a timestamp or a date.',
  });
}

/** `||`: NULL if an operand is NULL, as in PostgreSQL. */
function printConcatenation(p: Printing, expression: A_Expr, scope: Scope): string {
  const parts = concatenated({ A_Expr: expression });
  const first = parts.slice(0, 2).map((part) => typeOf(p, part, scope));
  if (first.every((type) => type !== undefined && !textTypes.has(type) && type !== 'jsonb'))
    throw new Refusal(`operator does not exist: ${first.join(' || ')}`, {
      sqlstate: '42883',
      location: expression.location,
      hint: 'Cast one of them to text.',
    });
  for (const part of parts) {
    const type = typeOf(p, part, scope);
    if (type === 'jsonb' || bodyOf(part, 'A_ArrayExpr') !== undefined) {
      return refuse('|| of something that is no text', expression.location, 'Cast it to text.');
    }
  }
  const joined = parts.map((part) => textOperand(p, part, scope, expression.location)).join(' || ');
  const nullable = parts
    .filter((part) => isNullable(p, part, scope))
    .map((part) => `${operand(p, part, scope)} IS NULL`);
  return nullable.length === 0 ? joined : `CASE WHEN ${nullable.join(' OR ')} THEN NULL ELSE ${joined} END`;
}

function concatenated(node: Node): readonly Node[] {
  const { name, lexpr, rexpr, kind } = bodyOf(node, 'A_Expr') ?? {};
  const isConcatenation = kind === 'AEXPR_OP' && namesOf(name).at(-1) === '||';
  if (!isConcatenation || lexpr === undefined || rexpr === undefined) return [node];
  return [...concatenated(lexpr), ...concatenated(rexpr)];
}

function printNullIf(p: Printing, { lexpr, rexpr, location }: A_Expr, scope: Scope): string {
  const equal = comparison(p, '=', lexpr, rexpr, scope, location);
  const value = valueAs(p, lexpr, typeOf(p, isOfOther(p, lexpr) ? rexpr : lexpr, scope), scope);
  return `CASE WHEN ${equal} THEN NULL ELSE ${value} END`;
}
