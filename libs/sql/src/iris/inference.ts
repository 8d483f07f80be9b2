import type { A_Const, FuncCall, Node } from 'libpg-query';
import { bodyOf, constantText, kindOf, lastNameOf, namesOf, type NodeKind } from '../ast.ts';
import { functionTable, functionType } from './function-table.ts';
import { integerTypes, numberTypes, textTypes, timeTypes, typeUse, type PgType } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { Refusal } from './refusal.ts';
import type { Scope, VisibleColumn } from './scope.ts';
import { isOutOfRange } from './typed-constants.ts';

/**
 * Infers the type of a parameter from its context; the first context counts.
 * @param operatorAt location of the operator that takes it
 * @throws Refusal 42883 (for an operator) or 42P08 (otherwise) the context wants a type to which PostgreSQL does not convert
 */
export function inferType(p: Printing, node: Node | undefined, type: PgType | undefined, operatorAt?: number): void {
  const { number, location } = bodyOf(node, 'ParamRef') ?? {};
  if (number === undefined || number < 0 || type === undefined || p.parameterTypes[number - 1] !== undefined) return;
  const known = p.inferredTypes.get(number);
  if (known === undefined) p.inferredTypes.set(number, type);
  else if (kindOfType(known) !== kindOfType(type))
    throw operatorAt === undefined
      ? new Refusal(`inconsistent types deduced for parameter $${number}`, { sqlstate: '42P08', location })
      : new Refusal(`operator does not exist: $${number} is ${known}, and not ${type}`, {
          sqlstate: '42883',
          location: operatorAt,
          hint: 'Cast it.',
        });
}

/** The category of types that PostgreSQL converts implicitly to each other; undefined for other types. */
function kindOfType(type: PgType): 'number' | 'text' | 'moment' | PgType {
  if (numberTypes.has(type)) return 'number';
  if (textTypes.has(type)) return 'text';
  return timeTypes.has(type) ? 'moment' : type;
}

/** Gives an untyped parameter the type of its cast. */
export function inferTypeOfCast(p: Printing, node: Node | undefined, type: PgType): void {
  if (isOpenParameter(p, node) && inferredType(p, node) === undefined) inferType(p, node, type);
}

/** Whether a node is a predicate, which IRIS distinguishes from values. */
export function isPredicate(node: Node, kind = kindOf(node)): boolean {
  switch (kind) {
    case 'BoolExpr':
    case 'NullTest':
    case 'BooleanTest':
      return true;
    case 'SubLink': {
      const link = bodyOf(node, 'SubLink')?.subLinkType;
      return link !== undefined && link !== 'EXPR_SUBLINK' && link !== 'ARRAY_SUBLINK';
    }
    case 'A_Expr': {
      const expression = bodyOf(node, 'A_Expr');
      if (expression === undefined || expression.kind === 'AEXPR_NULLIF') return false;
      if (expression.kind !== 'AEXPR_OP') return true;
      return expression.lexpr !== undefined && comparisons.has(lastNameOf(expression.name) ?? ''); // the prefix operator ~ is bitwise NOT
    }
    default:
      return false;
  }
}

export const comparisons: ReadonlySet<string> = new Set([
  '=',
  '<>',
  '!=',
  '<',
  '>',
  '<=',
  '>=',
  '~',
  '~*',
  '!~',
  '!~*',
]);

/** The PostgreSQL type of an expression; undefined if unknown, or for an untyped string constant. */
export function typeOf(p: Printing, node: Node | undefined, scope: Scope): PgType | undefined {
  if (node === undefined) return undefined;
  const kind = kindOf(node);
  return isPredicate(node, kind) ? 'bool' : inferences[kind]?.(p, node, scope);
}

type Inference = (p: Printing, node: Node, scope: Scope) => PgType | undefined;

const inferences: { readonly [Kind in NodeKind]?: Inference } = {
  A_Const: (_, node) => constantType(bodyOf(node, 'A_Const') ?? {}),
  ColumnRef: (_, node, scope) => resolved(scope.column(bodyOf(node, 'ColumnRef') ?? {})),
  ParamRef: (p, node) => p.parameterTypes[(bodyOf(node, 'ParamRef')?.number ?? 1) - 1],
  TypeCast: (_, node) => typeUse(bodyOf(node, 'TypeCast')?.typeName)?.type,
  CoalesceExpr: (p, node, scope) => common(p, bodyOf(node, 'CoalesceExpr')?.args, scope),
  MinMaxExpr: (p, node, scope) => common(p, bodyOf(node, 'MinMaxExpr')?.args, scope),
  CaseExpr: caseType,
  FuncCall: (p, node, scope) => callType(p, bodyOf(node, 'FuncCall') ?? {}, scope),
  SQLValueFunction: (_, node) => valueFunctionTypes[bodyOf(node, 'SQLValueFunction')?.op ?? ''],
  CollateClause: (p, node, scope) => typeOf(p, bodyOf(node, 'CollateClause')?.arg, scope) ?? 'text',
  A_Expr: operatorType,
  SubLink: (p, node, scope) => {
    const { subLinkType, subselect } = bodyOf(node, 'SubLink') ?? {};
    const select = bodyOf(subselect, 'SelectStmt');
    if (subLinkType !== 'EXPR_SUBLINK' || select === undefined) return undefined;
    return resolved(p.queryValue(select, scope).columns?.[0]);
  },
};

/** The type of a subquery's column; untyped columns are text. */
const resolved = (column: VisibleColumn | undefined): PgType | undefined =>
  column?.isOpen === true ? 'text' : column?.type;

function constantType(constant: A_Const): PgType | undefined {
  if (constant.boolval !== undefined) return 'bool';
  if (constant.ival !== undefined) return 'int4';
  if (constant.fval === undefined) return undefined;
  const digits = constantText({ A_Const: constant }) ?? '';
  if (!/^-?\d+$/.test(digits) || isOutOfRange('int8', digits)) return 'numeric';
  return isOutOfRange('int4', digits) ? 'int8' : 'int4';
}

const valueFunctionTypes: Readonly<Record<string, PgType>> = {
  SVFOP_CURRENT_DATE: 'date',
  SVFOP_CURRENT_TIMESTAMP: 'timestamptz',
  SVFOP_CURRENT_TIMESTAMP_N: 'timestamptz',
  SVFOP_LOCALTIMESTAMP: 'timestamp',
  SVFOP_LOCALTIMESTAMP_N: 'timestamp',
  SVFOP_LOCALTIME: 'time',
  SVFOP_CURRENT_USER: 'text',
  SVFOP_SESSION_USER: 'text',
  SVFOP_USER: 'text',
};

function caseType(p: Printing, node: Node, scope: Scope): PgType | undefined {
  const body = bodyOf(node, 'CaseExpr');
  const results = (body?.args ?? []).map((each) => bodyOf(each, 'CaseWhen')?.result);
  return common(
    p,
    [body?.defresult, ...results].filter((each) => each !== undefined),
    scope,
  );
}

/** The common type of several branches by PostgreSQL's rules, if the typed ones agree; numbers are widened. */
export function common(p: Printing, nodes: readonly Node[] | undefined, scope: Scope): PgType | undefined {
  const typed = (nodes ?? []).filter((node) => !isUntypedConstant(node));
  if (typed.length === 0) return 'text';
  const types = typed
    .map((node) => ({ node, type: typeOf(p, node, scope) }))
    .filter(({ node, type }) => type !== undefined || bodyOf(node, 'ParamRef') === undefined) // it takes the type of the others
    .map(({ type }) => type);
  const [first = types.length === 0 ? 'text' : undefined, ...rest] = types;
  return rest.reduce((left, right) => (left === right ? left : wider(left, right)), first);
}

const widths: readonly PgType[] = ['int2', 'int4', 'int8', 'numeric', 'float4', 'float8'];

export function wider(left: PgType | undefined, right: PgType | undefined): PgType | undefined {
  if (left === undefined || right === undefined) return undefined;
  if (textTypes.has(left) && textTypes.has(right)) return left;
  if (timeTypes.has(left) && timeTypes.has(right))
    return left === 'timestamptz' || right === 'timestamptz' ? 'timestamptz' : 'timestamp'; // dates become timestamps
  if (!numberTypes.has(left) || !numberTypes.has(right)) return undefined;
  if (left !== right && (left === 'float4' || right === 'float4')) return 'float8';
  return widths[Math.max(widths.indexOf(left), widths.indexOf(right))];
}

/** Whether a node is NULL or a string constant without a cast. */
export function isUntypedConstant(node: Node | undefined): boolean {
  const constant = bodyOf(node, 'A_Const');
  return constant !== undefined && (constant.isnull === true || constant.sval !== undefined);
}

/** Whether a node is a constant or parameter, possibly signed or cast. */
export function isConstant(node: Node | undefined): boolean {
  const { kind, lexpr, rexpr } = bodyOf(node, 'A_Expr') ?? {};
  const cast = bodyOf(node, 'TypeCast');
  if (cast !== undefined) return isConstant(cast.arg);
  if (kind === 'AEXPR_OP' && lexpr === undefined) return isConstant(rexpr);
  return bodyOf(node, 'A_Const') !== undefined || bodyOf(node, 'ParamRef') !== undefined;
}

/** Whether a node is a parameter without a declared or inferred type. */
export function isOpenParameter(p: Printing, node: Node | undefined): boolean {
  const number = bodyOf(node, 'ParamRef')?.number;
  return number !== undefined && p.parameterTypes[number - 1] === undefined;
}

/** The type already inferred for a parameter. */
export function inferredType(p: Printing, node: Node | undefined): PgType | undefined {
  return isOpenParameter(p, node) ? p.inferredTypes.get(bodyOf(node, 'ParamRef')?.number ?? 0) : undefined;
}

/** Whether a node is a constant or parameter without a type so far. */
export const isWithoutType = (p: Printing, node: Node | undefined): boolean =>
  isOfOther(p, node) && inferredType(p, node) === undefined;

/** Whether a node takes the type of the other operand. */
export const isOfOther = (p: Printing, node: Node | undefined): boolean =>
  isUntypedConstant(node) || isOpenParameter(p, node);

const jsonTextOperators: ReadonlySet<string> = new Set(['->>', '#>>']);
const jsonOperators: ReadonlySet<string> = new Set(['->', '#>']);
const distanceOperators: ReadonlySet<string> = new Set(['<->', '<=>', '<#>']);

function operatorType(p: Printing, node: Node, scope: Scope): PgType | undefined {
  const { kind, name, lexpr, rexpr } = bodyOf(node, 'A_Expr') ?? {};
  if (kind === 'AEXPR_NULLIF') {
    const other = isOfOther(p, rexpr) ? (isOfOther(p, lexpr) ? 'text' : undefined) : typeOf(p, rexpr, scope);
    return nullIfType(isOfOther(p, lexpr) ? other : typeOf(p, lexpr, scope), other);
  }
  const operator = lastNameOf(name) ?? '';
  if (operator === '||') return 'text';
  if (jsonTextOperators.has(operator)) return 'text';
  if (jsonOperators.has(operator)) {
    if (bodyOf(rexpr, 'ColumnRef') !== undefined) return undefined;
    return typeOf(p, lexpr, scope) === 'json' ? 'json' : 'jsonb';
  }
  if (distanceOperators.has(operator)) return 'float8';
  const right = typeOf(p, rexpr, scope);
  if (lexpr === undefined) return right;
  const left = typeOf(p, lexpr, scope);
  if (left === 'interval' || right === 'interval') {
    const other = left === 'interval' ? right : left;
    return operator === '*' || operator === '/' || isUntypedConstant(left === 'interval' ? rexpr : lexpr)
      ? 'interval'
      : withInterval(other);
  }
  const isTime = left === 'time' && (right === 'time' || isOfOther(p, rexpr));
  if (operator === '-' && isTime) return 'interval';
  if (operator === '>>' || operator === '<<') return left;
  if (operator === '^') return left === 'numeric' || right === 'numeric' ? 'numeric' : 'float8';
  if (operator === '-' && timeTypes.has(left) && isOfOther(p, rexpr)) return timeArithmetic(operator, left, left);
  if (operator === '-' && timeTypes.has(right) && isOfOther(p, lexpr)) return timeArithmetic(operator, right, right);
  if (timeTypes.has(left) || timeTypes.has(right)) return timeArithmetic(operator, left, right);
  return operandsType(
    p,
    [lexpr, rexpr].filter((each) => each !== undefined),
    scope,
  );
}

/** The type of NULLIF: that of the left operand, as converted for `=`. */
function nullIfType(left: PgType | undefined, right: PgType | undefined): PgType | undefined {
  if (left === 'varchar') return 'text';
  return integerTypes.has(left) && !integerTypes.has(right) && numberTypes.has(right) ? right : left;
}

/** The type of adding or subtracting an interval. */
function withInterval(type: PgType | undefined): PgType | undefined {
  if (type === 'date') return 'timestamp';
  return type === 'interval' || type === 'time' || timeTypes.has(type) ? type : undefined;
}

function timeArithmetic(operator: string, left: PgType | undefined, right: PgType | undefined): PgType | undefined {
  if (operator === '+' && [left, right].includes('date') && [left, right].includes('time')) return 'timestamp';
  if (operator === '-' && timeTypes.has(left) && timeTypes.has(right))
    return left === 'date' && right === 'date' ? 'int4' : 'interval';
  if ((left === 'date' && integerTypes.has(right)) || (right === 'date' && integerTypes.has(left))) return 'date';
  if (!timeTypes.has(left)) return right === 'date' ? 'timestamp' : right; // interval + timestamp
  return left === 'date' ? 'timestamp' : left;
}

/** Functions whose type is that of their second argument. */
const ofSecond: ReadonlySet<string> = new Set(['date_trunc', 'date_bin']);

/** Functions of two numbers, whose type is that of both. */
const ofBoth: ReadonlySet<string> = new Set(['mod', 'power', 'pow']);

/** That of two numbers as an operator takes them. */
function operandsType(p: Printing, [left, right]: readonly Node[], scope: Scope): PgType | undefined {
  if (isOfOther(p, right)) return isOfOther(p, left) ? undefined : typeOf(p, left, scope);
  return isOfOther(p, left) ? typeOf(p, right, scope) : wider(typeOf(p, left, scope), typeOf(p, right, scope));
}

function callType(p: Printing, call: FuncCall, scope: Scope): PgType | undefined {
  const words = namesOf(call.funcname);
  const argument = call.args?.[ofSecond.has(words.at(-1) ?? '') ? 1 : 0];
  const [first, , otherwise] = call.args ?? [];
  if ((words.at(-1) === 'lag' || words.at(-1) === 'lead') && first !== undefined && otherwise !== undefined)
    return common(p, [first, otherwise], scope);
  const isRounded = words.at(-1) === 'round' || words.at(-1) === 'trunc';
  if (isRounded && call.args?.length === 2) return 'numeric'; // only numeric has a second argument
  if (ofBoth.has(words.at(-1) ?? '') && call.args?.length === 2)
    return functionType(words, () => operandsType(p, call.args ?? [], scope));
  if (words.at(-1) === 'timezone') return zonedType(typeOf(p, call.args?.[1], scope));
  return functionType(
    words,
    () => openType(p, words.at(-1) ?? '', call.args ?? [], scope) ?? typeOf(p, argument, scope),
  );
}

/** The type of an untyped parameter or constant as a function argument; undefined if it is not certain. */
export function openType(p: Printing, name: string, args: readonly Node[], scope: Scope): PgType | undefined {
  if (!isOfOther(p, args[0])) return undefined;
  const assumed = functionTable.get(name)?.assumes;
  if (assumed === 'second') return typeOf(p, args[1], scope);
  return args.length === 1 ? assumed : undefined;
}

/** The type of AT TIME ZONE: timestamp for timestamptz, and the other way round. */
function zonedType(type: PgType | undefined): PgType | undefined {
  if (type === 'timestamp' || type === 'date') return 'timestamptz';
  return type === 'timestamptz' ? 'timestamp' : undefined;
}

/** Whether an expression may be NULL; false only if it certainly is not. */
export function isNullable(p: Printing, node: Node | undefined, scope: Scope): boolean {
  if (node === undefined) return true;
  const constant = bodyOf(node, 'A_Const');
  if (constant !== undefined) return constant.isnull === true;
  const column = bodyOf(node, 'ColumnRef');
  if (column !== undefined) return scope.column(column)?.isNullable ?? true;
  const cast = bodyOf(node, 'TypeCast');
  if (cast !== undefined) return isNullable(p, cast.arg, scope);
  const coalesce = bodyOf(node, 'CoalesceExpr');
  if (coalesce !== undefined) return (coalesce.args ?? []).every((arg) => isNullable(p, arg, scope));
  const name = namesOf(bodyOf(node, 'FuncCall')?.funcname).at(-1);
  if (name === 'count') return false;
  const expression = bodyOf(node, 'A_Expr');
  if (
    expression?.kind === 'AEXPR_OP' &&
    namesOf(expression.name).some((name) => jsonOperators.has(name) || jsonTextOperators.has(name))
  )
    return true; // a JSON path
  if (expression?.kind === 'AEXPR_OP' && expression.lexpr !== undefined) {
    return isNullable(p, expression.lexpr, scope) || isNullable(p, expression.rexpr, scope);
  }
  return bodyOf(node, 'SQLValueFunction') === undefined;
}
