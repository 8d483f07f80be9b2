import type { A_Expr, BoolExpr, CaseExpr, ColumnRef, Node, NullTest, SubLink } from 'libpg-query';
import { bodyOf, constantText, kindOf, lastNameOf, namesOf, type NodeKind } from '../ast.ts';
import { printArrayTest } from './array-tests.ts';
import { castValue } from './cast.ts';
import { collated } from './collation.ts';
import {
  areMoments,
  checkOrdered,
  comparedOperand,
  comparedText,
  comparison,
  exact,
  isOrdered,
  ordered,
} from './comparison.ts';
import { printCall, printMinMax, printValueFunction } from './functions.ts';
import { noGroup } from './grouping.ts';
import { comparisons, isPredicate, isUntypedConstant, inferTypeOfCast, inferType, typeOf } from './inference.ts';
import { printJsonOfAnyKind } from './json-path.ts';
import { identifier, schemaIdentifier } from './names.ts';
import { printOperator } from './operators.ts';
import { textTypes, timeTypes, type PgType } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { asPattern } from './pattern-match.ts';
import { placeOf, Refusal, refuse } from './refusal.ts';
import { asLike } from './regular-expression.ts';
import { checkRepeatable } from './repeatable.ts';
import { comparedRows, together } from './row-comparison.ts';
import { printRowMembership } from './row-membership.ts';
import type { Scope } from './scope.ts';
import { isSame } from './targets.ts';
import { comparedSpan } from './span.ts';
import { typedConstant, typedValue } from './typed-constants.ts';

type Printer = (p: Printing, node: Node, scope: Scope) => string;

/** Printers by kind of expression; other kinds are refused. */
const printers: { readonly [Kind in NodeKind]?: Printer } = {
  A_Const: printConstant,
  ParamRef: (p, node) => p.marks.parameter(bodyOf(node, 'ParamRef')?.number ?? 0),
  ColumnRef: (p, node, scope) => {
    const isGrouped = scope.groups?.some((group) => isSame(group, node, scope)) === true;
    // Printed as in GROUP BY, as nothing else is certain to be constant in the group.
    return isGrouped ? exact(p, node, scope) : printReference(p, bodyOf(node, 'ColumnRef') ?? {}, scope);
  },
  TypeCast: (p, node, scope) => castValue(p, bodyOf(node, 'TypeCast') ?? {}, scope),
  A_Expr: (p, node, scope) => printOperator(p, bodyOf(node, 'A_Expr') ?? {}, scope),
  FuncCall: (p, node, scope) => printCall(p, bodyOf(node, 'FuncCall') ?? {}, scope),
  CaseExpr: (p, node, scope) => printCase(p, bodyOf(node, 'CaseExpr') ?? {}, typeOf(p, node, scope), scope),
  CoalesceExpr: (p, node, scope) => {
    const type = typeOf(p, node, scope);
    const args = (bodyOf(node, 'CoalesceExpr')?.args ?? []).map((arg) => valueAs(p, arg, type, scope));
    return `COALESCE(${args.join(', ')})`;
  },
  MinMaxExpr: (p, node, scope) => printMinMax(p, bodyOf(node, 'MinMaxExpr') ?? {}, scope),
  SQLValueFunction: (_, node) => printValueFunction(bodyOf(node, 'SQLValueFunction') ?? {}),
  GroupingFunc: (_p, node) => {
    throw noGroup(placeOf(bodyOf(node, 'GroupingFunc')?.args));
  },
  SubLink: (p, node, scope) => printScalarQuery(p, bodyOf(node, 'SubLink') ?? {}, scope),
  CollateClause: (p, node, scope) => p.value(collated(p, bodyOf(node, 'CollateClause') ?? {}, scope), scope),
};

/**
 * Prints a column reference.
 * @param isShown it is a result column by itself
 */
export function printReference(p: Printing, reference: ColumnRef, scope: Scope, isShown = false): string {
  if (!isShown && scope.column(reference)?.computation !== undefined)
    return refuse(
      'a value that the proxy computes, used inside an expression',
      reference.location,
      'It is translated as a column of the result.',
    );
  const computed = scope.computedOf(reference);
  if (computed !== undefined) return computed;
  checkReference(reference, scope);
  scope.noteRead(reference);
  if ((reference.fields?.length ?? 0) > 1) return printColumn(p, reference);
  if (scope.isRow(reference)) return refuse('a row as a value', reference.location, 'Name its columns.');
  return scope.mergedOf(reference)?.sql ?? printColumn(p, reference);
}

/** @throws Refusal 42P01 no such table, 42702 ambiguous column */
export function checkReference({ fields = [], location }: ColumnRef, scope: Scope): void {
  const alias = bodyOf(fields.at(-2), 'String')?.sval;
  if (alias !== undefined && !scope.hasTable(alias))
    throw new Refusal(`missing FROM-clause entry for table "${alias}"`, { sqlstate: '42P01', location });
  const name = bodyOf(fields[0], 'String')?.sval ?? '';
  if (fields.length === 1 && scope.isAmbiguous(name))
    throw new Refusal(`column reference "${name}" is ambiguous`, { sqlstate: '42702', location });
}

/** Prints an expression as a value: a predicate becomes 1, 0 or NULL. */
export function printValue(p: Printing, node: Node | undefined, scope: Scope): string {
  if (node === undefined) return refuse('an empty expression');
  const kind = kindOf(node);
  if (isPredicate(node, kind)) return testAsValue(p, node, scope);
  const print = printers[kind];
  return print?.(p, node, scope) ?? refuse(wordsOf(node), placeOf(node));
}

/** Prints an expression as a condition: a boolean value is compared with 1. */
export function printPredicate(p: Printing, node: Node | undefined, scope: Scope): string {
  if (node === undefined) return refuse('an empty condition');
  const kind = kindOf(node);
  if (isPredicate(node, kind)) return conditions[kind]?.(p, node, scope) ?? refuse(wordsOf(node), placeOf(node));
  const constant = bodyOf(node, 'A_Const')?.boolval;
  if (constant !== undefined) return constant.boolval === true ? '1 = 1' : '1 = 0';
  inferType(p, node, 'bool');
  const value = p.value(node, scope);
  const type = typeOf(p, node, scope);
  if (type !== undefined && type !== 'bool')
    throw new Refusal(`a condition must be type boolean, not type ${type}`, {
      sqlstate: '42804',
      location: placeOf(node),
    });
  return `${value} = 1`;
}

/** Printers of kinds that are predicates in IRIS. */
const conditions: { readonly [Kind in NodeKind]?: Printer } = {
  A_Expr: (p, node, scope) => printComparison(p, bodyOf(node, 'A_Expr') ?? {}, scope),
  BoolExpr: (p, node, scope) => printBool(p, bodyOf(node, 'BoolExpr') ?? {}, scope),
  NullTest: (p, node, scope) => printNullTest(p, bodyOf(node, 'NullTest') ?? {}, scope),
  BooleanTest: printBooleanTest,
  SubLink: (p, node, scope) => printTestQuery(p, bodyOf(node, 'SubLink') ?? {}, scope),
};

/** Prints an operand, in parentheses unless it is one token or call: IRIS may be configured to evaluate operators from left to right. */
export function operand(p: Printing, node: Node | undefined, scope: Scope): string {
  const printed = p.value(node, scope);
  return node !== undefined && bodyOf(node, 'A_Expr') !== undefined ? `(${printed})` : printed;
}

/** Prints one of several values with a common type. */
export function valueAs(p: Printing, node: Node | undefined, type: PgType | undefined, scope: Scope): string {
  inferType(p, node, type);
  return typedValue(p, node, type) ?? momentOfDay(p, node, type, scope) ?? p.value(node, scope);
}

/** Prints a date as a timestamp, which IRIS does not convert implicitly; undefined for other types. */
export function momentOfDay(
  p: Printing,
  node: Node | undefined,
  wanted: PgType | undefined,
  scope: Scope,
): string | undefined {
  const isMoment = wanted === 'timestamp' || wanted === 'timestamptz';
  return isMoment && typeOf(p, node, scope) === 'date' ? `CAST(${p.value(node, scope)} AS TIMESTAMP)` : undefined;
}

function testAsValue(p: Printing, node: Node, scope: Scope): string {
  const link = bodyOf(node, 'SubLink');
  // IRIS accepts EXISTS in WHERE only.
  if (link?.subLinkType === 'EXISTS_SUBLINK') return `COALESCE((SELECT 1 WHERE ${p.predicate(node, scope)}), 0)`;
  const test = p.predicate(node, scope);
  const isCertain = kindOf(node) === 'NullTest' || kindOf(node) === 'BooleanTest';
  if (isCertain) return `CASE WHEN ${test} THEN 1 ELSE 0 END`;
  return `CASE WHEN ${test} THEN 1 WHEN NOT (${test}) THEN 0 END`;
}

function printConstant(p: Printing, node: Node): string {
  const constant = bodyOf(node, 'A_Const') ?? {};
  if (constant.isnull === true) return 'NULL';
  if (constant.boolval !== undefined) return constant.boolval.boolval === true ? '1' : '0';
  if (constant.bsval !== undefined) return refuse('a bit string', constant.location);
  const text = constantText(node) ?? '';
  return constant.sval === undefined ? text : p.marks.string(text);
}

export function printColumn(p: Printing, { fields = [], location }: ColumnRef): string {
  const words = fields.map((field) => {
    if (bodyOf(field, 'A_Star') !== undefined) return '*';
    return identifier(bodyOf(field, 'String')?.sval ?? '', location);
  });
  if (words.length > 3) return refuse('a column of another database', location);
  if (words.length === 3)
    words[0] = schemaIdentifier(p.schemas.toIris(bodyOf(fields[0], 'String')?.sval ?? ''), location);
  return words.join('.');
}

function printCase(
  p: Printing,
  { arg, args = [], defresult }: CaseExpr,
  type: PgType | undefined,
  scope: Scope,
): string {
  inferTypeOfCast(p, arg, 'text');
  const branches = args.map((each) => {
    const { expr, result, location } = bodyOf(each, 'CaseWhen') ?? {};
    const condition = arg === undefined ? p.predicate(expr, scope) : comparison(p, '=', arg, expr, scope, location);
    return `WHEN ${condition} THEN ${valueAs(p, result, type, scope)}`;
  });
  const rest = defresult === undefined ? '' : ` ELSE ${valueAs(p, defresult, type, scope)}`;
  return `CASE ${branches.join(' ')}${rest} END`;
}

function printBool(p: Printing, { boolop, args = [] }: BoolExpr, scope: Scope): string {
  const terms = args.map((arg) => `(${p.predicate(arg, scope)})`);
  if (boolop === 'NOT_EXPR') return `NOT ${terms[0] ?? ''}`;
  return terms.join(boolop === 'AND_EXPR' ? ' AND ' : ' OR ');
}

function printNullTest(p: Printing, { arg, nulltesttype, location }: NullTest, scope: Scope): string {
  const row = bodyOf(arg, 'RowExpr');
  if (row !== undefined) {
    const tests = (row.args ?? []).map((each): Node => ({ NullTest: { arg: each, nulltesttype, location } }));
    return `(${p.predicate(together('AND_EXPR', tests), scope)})`; // of either kind it asks for all of them
  }
  const tested = printJsonOfAnyKind(p, arg, scope) ?? operand(p, arg, scope);
  return `${tested} IS ${nulltesttype === 'IS_NULL' ? 'NULL' : 'NOT NULL'}`;
}

function printBooleanTest(p: Printing, node: Node, scope: Scope): string {
  const { arg, booltesttype } = bodyOf(node, 'BooleanTest') ?? {};
  inferType(p, arg, 'bool');
  const value = p.value(arg, scope);
  switch (booltesttype) {
    case 'IS_TRUE':
      return `(${value} = 1 AND ${value} IS NOT NULL)`; // never NULL, like the predicate
    case 'IS_FALSE':
      return `(${value} = 0 AND ${value} IS NOT NULL)`;
    case 'IS_NOT_TRUE':
      return `(${value} = 0 OR ${value} IS NULL)`;
    case 'IS_NOT_FALSE':
      return `(${value} = 1 OR ${value} IS NULL)`;
    case 'IS_UNKNOWN':
      return `${value} IS NULL`;
    default:
      return `${value} IS NOT NULL`;
  }
}

function printComparison(p: Printing, expression: A_Expr, scope: Scope): string {
  const { kind, name, lexpr, rexpr, location } = expression;
  const operator = lastNameOf(name) ?? '';
  const rows = comparedRows(expression);
  if (rows !== undefined) return `(${p.predicate(rows, scope)})`;
  switch (kind) {
    case 'AEXPR_OP':
      if (operator.includes('~')) return printRegex(p, expression, scope);
      if (!comparisons.has(operator)) return refuse(`the operator ${operator}`, location);
      return comparison(p, operator, lexpr, rexpr, scope, location);
    case 'AEXPR_DISTINCT':
      return `NOT ${notDistinct(p, expression, scope)}`;
    case 'AEXPR_NOT_DISTINCT':
      return notDistinct(p, expression, scope);
    case 'AEXPR_IN':
      return printIn(p, expression, scope, operator === '<>');
    case 'AEXPR_OP_ANY':
    case 'AEXPR_OP_ALL':
      return printArrayTest(p, expression, scope, printIn);
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE':
      return printLike(p, expression, scope, operator);
    case 'AEXPR_BETWEEN':
    case 'AEXPR_NOT_BETWEEN':
      return printBetween(p, expression, scope);
    case 'AEXPR_BETWEEN_SYM':
    case 'AEXPR_NOT_BETWEEN_SYM':
      return printSymmetric(p, expression, scope);
    case 'AEXPR_SIMILAR':
      return printRegex(p, expression, scope);
    default:
      return refuse(kind ?? 'this test', location);
  }
}

function printRegex(p: Printing, expression: A_Expr, scope: Scope): string {
  const like = asLike(expression);
  if (like !== undefined) return p.predicate(like, scope);
  const pattern = asPattern(expression);
  if (pattern !== undefined) return printPattern(p, expression, pattern, scope);
  return refuse(
    expression.kind === 'AEXPR_SIMILAR' ? 'SIMILAR TO' : 'a regular expression',
    expression.location,
    'IRIS has none in SQL: what LIKE can say, with alternatives and anchors, is translated, and how often digits and plain characters come.',
  );
}

/** A test by %PATTERN, which ignores NULL. */
function printPattern(p: Printing, { name, lexpr }: A_Expr, pattern: string, scope: Scope): string {
  checkRepeatable(lexpr, 'a regular expression');
  const text = operand(p, lexpr, scope);
  const [fits, fitsNot] = lastNameOf(name)?.startsWith('!') === true ? [0, 1] : [1, 0];
  const test = `CASE WHEN %EXACT(${text}) %PATTERN ${p.marks.string(pattern)} THEN ${fits} ELSE ${fitsNot} END`;
  return `CASE WHEN ${text} IS NOT NULL THEN ${test} END = 1`;
}

/** BETWEEN SYMMETRIC: BETWEEN in either order. */
function printSymmetric(p: Printing, expression: A_Expr, scope: Scope): string {
  checkRepeatable(expression, 'BETWEEN SYMMETRIC');
  const isNegated = expression.kind === 'AEXPR_NOT_BETWEEN_SYM';
  const kind = isNegated ? 'AEXPR_NOT_BETWEEN' : 'AEXPR_BETWEEN';
  const bounds = bodyOf(expression.rexpr, 'List')?.items ?? [];
  const ways = [bounds, [...bounds].reverse()].map((items) =>
    printBetween(p, { ...expression, kind, rexpr: { List: { items } } }, scope),
  );
  return `(${ways.map((way) => `(${way})`).join(isNegated ? ' AND ' : ' OR ')})`;
}

/** IS NOT DISTINCT FROM: never NULL. */
function notDistinct(p: Printing, { lexpr, rexpr, location }: A_Expr, scope: Scope): string {
  const equal = comparison(p, '=', lexpr, rexpr, scope, location);
  const [left, right] = [operand(p, lexpr, scope), operand(p, rexpr, scope)];
  return `((${equal} AND ${left} IS NOT NULL AND ${right} IS NOT NULL) OR (${left} IS NULL AND ${right} IS NULL))`;
}

function printIn(p: Printing, { lexpr, rexpr, location }: A_Expr, scope: Scope, isNegated: boolean): string {
  const members = bodyOf(rexpr, 'List')?.items ?? [];
  // No short-circuit, as each call infers types of parameters.
  const isText = !members.map((member) => comparedText(p, lexpr, member, scope, location)).includes(false);
  const isMoment = areMoments([lexpr, ...members].map((each) => typeOf(p, each, scope)));
  const type = isMoment ? 'timestamp' : typeOf(p, lexpr, scope);
  const side = (node: Node | undefined): string =>
    isText ? exact(p, node, scope) : comparedOperand(p, node, scope, isMoment);
  const left = side(lexpr);
  const right = members.map((member) => typedConstant(p, member, type) ?? side(member));
  return `${left}${isNegated ? ' NOT' : ''} IN (${right.join(', ')})`;
}

function printLike(p: Printing, { kind, lexpr, rexpr, location }: A_Expr, scope: Scope, operator: string): string {
  const escape = namesOf(bodyOf(rexpr, 'FuncCall')?.funcname).at(-1) === 'like_escape';
  const pattern = escape ? bodyOf(rexpr, 'FuncCall')?.args?.[0] : rexpr;
  const by = escape ? bodyOf(rexpr, 'FuncCall')?.args?.[1] : undefined;
  const not = operator.startsWith('!') ? ' NOT' : '';
  // The default escape character is the backslash in PostgreSQL; IRIS has none.
  const isPlain = bodyOf(pattern, 'A_Const') !== undefined && constantText(pattern)?.includes('\\') !== true;
  const sign = by === undefined ? (isPlain ? '' : '\\') : constantText(by);
  // ESCAPE '': no escape character.
  const end = sign === '' ? '' : ` ESCAPE ${sign === undefined ? p.value(by, scope) : p.marks.string(sign)}`;
  if (kind === 'AEXPR_ILIKE' && (sign === undefined || /\p{L}/u.test(sign)))
    return refuse('ILIKE that a letter escapes', location, 'Take another sign.');
  if (kind === 'AEXPR_ILIKE')
    return `UPPER(${p.value(lexpr, scope)})${not} LIKE UPPER(${p.value(pattern, scope)})${end}`;
  if (typeOf(p, lexpr, scope) === 'bytea') return refuse('LIKE of bytes', location);
  const text = exact(p, lexpr, scope);
  // Constants and parameters have no collation.
  const bare = bodyOf(lexpr, 'TypeCast')?.arg ?? lexpr;
  const isBare = isUntypedConstant(bare) || bodyOf(lexpr, 'ParamRef') !== undefined;
  return `${isBare ? `%EXACT(${text})` : text}${not} LIKE ${operand(p, pattern, scope)}${end}`;
}

function printBetween(p: Printing, { kind, lexpr, rexpr, location }: A_Expr, scope: Scope): string {
  const [low, high] = bodyOf(rexpr, 'List')?.items ?? [];
  const isText = comparedText(p, lexpr, low, scope, location) && comparedText(p, lexpr, high, scope, location);
  const isMoment = areMoments([lexpr, low, high].map((each) => typeOf(p, each, scope)));
  const type = isMoment ? 'timestamp' : typeOf(p, lexpr, scope);
  const types = [lexpr, low, high].map((each) => typeOf(p, each, scope));
  if (isText) for (const bound of [low, high]) checkOrdered(types, [lexpr, bound], location);
  const textOf = isOrdered(types, [low]) || isOrdered(types, [high]) ? ordered : exact;
  const side = (node: Node | undefined): string =>
    (type === 'interval' ? comparedSpan(p, node, scope) : typedConstant(p, node, type)) ??
    (isText ? textOf(p, node, scope) : comparedOperand(p, node, scope, isMoment));
  return `${side(lexpr)}${kind === 'AEXPR_BETWEEN' ? '' : ' NOT'} BETWEEN ${side(low)} AND ${side(high)}`;
}

function printScalarQuery(p: Printing, { subLinkType, subselect, location }: SubLink, scope: Scope): string {
  const select = bodyOf(subselect, 'SelectStmt');
  if (subLinkType !== 'EXPR_SUBLINK' || select === undefined) return refuse('an array of a query', location);
  const { sql, columns } = p.queryValue(select, scope);
  if (columns !== undefined && columns.length !== 1)
    throw new Refusal('subquery must return only one column', { sqlstate: '42601', location });
  return `(${sql})`;
}

function printTestQuery(p: Printing, link: SubLink, scope: Scope): string {
  const { subLinkType, subselect, testexpr, operName, location } = link;
  const select = bodyOf(subselect, 'SelectStmt');
  if (select === undefined) return refuse('this query', location);
  if (subLinkType === 'EXISTS_SUBLINK') return `EXISTS (${p.queryValue(select, scope).sql})`;
  const isAny = subLinkType === 'ANY_SUBLINK';
  if (testexpr !== undefined && kindOf(testexpr) === 'RowExpr')
    return isAny && operName === undefined
      ? printRowMembership(p, link, scope)
      : refuse('a comparison of rows', location);
  const operator = namesOf(operName).at(-1) ?? '=';
  if (!isAny && subLinkType !== 'ALL_SUBLINK') return refuse('this kind of query', location);
  const query = p.queryValue(select, scope, { isExact: true });
  if ((query.columns?.length ?? 1) > 1)
    throw new Refusal('subquery has too many columns', { sqlstate: '42601', location });
  const type = typeOf(p, testexpr, scope) ?? query.columns?.[0]?.type;
  const inner = query.columns?.[0]?.type;
  if (type !== inner && (type === 'date' || inner === 'date') && timeTypes.has(type) && timeTypes.has(inner))
    return refuse('a date beside moments of a query', location, 'Cast one of them.');
  const isPlain = type !== undefined && !['text', 'varchar', 'bpchar'].includes(type) && !isUntypedConstant(testexpr);
  const left = isPlain ? operand(p, testexpr, scope) : exact(p, testexpr, scope);
  if (isAny && operator === '=') return `${left} IN (${query.sql})`;
  if (!comparisons.has(operator) || operator.includes('~'))
    return refuse(`the operator ${operator} beside a query`, location);
  if (textTypes.has(type) && operator !== '<>' && operator !== '!=' && operator !== '=')
    return refuse('the order of text beside a query', location, 'Compare it with the min or max of the query.');
  return `${left} ${operator === '!=' ? '<>' : operator} ${isAny ? 'ANY' : 'ALL'} (${query.sql})`;
}

const kindWords: { readonly [Kind in NodeKind]?: string } = {
  A_ArrayExpr: 'an array',
  A_Indirection: 'a part of an array or of a row',
  RowExpr: 'a row',
  CurrentOfExpr: 'WHERE CURRENT OF',
  NamedArgExpr: 'an argument by its name',
};

const wordsOf = (node: Node): string => kindWords[kindOf(node)] ?? kindOf(node);
