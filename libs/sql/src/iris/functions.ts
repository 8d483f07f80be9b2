import type { FuncCall, MinMaxExpr, Node, SQLValueFunction, TypeCast } from 'libpg-query';
import { bodyOf, constantText, namesOf } from '../ast.ts';
import { volatilityOf } from '../known-functions.ts';
import { refuseAge } from './age.ts';
import { printAggregateCall } from './aggregates.ts';
import { castValue, evenly } from './cast.ts';
import { comparedText } from './comparison.ts';
import { operand, valueAs } from './expression.ts';
import { functionTable } from './function-table.ts';
import { common, isNullable, isOfOther, inferType, openType, typeOf } from './inference.ts';
import { calledFunctions } from './proxy-computation.ts';
import { jsonMember, printJson, printJsonMember } from './json.ts';
import { number } from './node-builders.ts';
import { identifier, schemaIdentifier } from './names.ts';
import { integerTypes, numberTypes, textTypes, type PgType } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { noteDivision } from './operators.ts';
import { Refusal, refuse } from './refusal.ts';
import type { Scope } from './scope.ts';
import { printOverlaps } from './overlaps.ts';
import { asPrefix } from './regular-expression.ts';
import { checkRepeatable } from './repeatable.ts';
import { printRowId, rowId } from './row-id.ts';
import {
  printConcatWithSeparator,
  printEnd,
  printOverlay,
  printRegexpReplace,
  printSplitPart,
  printTranslate,
} from './text-functions.ts';
import { outputText, printValueText, valueText } from './text-operand.ts';
import { printBin, printMakeTimestamp, printMomentOfSeconds } from './make-timestamp.ts';
import { printReadMoment, printToChar } from './moment-patterns.ts';
import { printExtract, printTruncated } from './time.ts';
import { isWindowFunction, printWindow } from './windows.ts';
import { printZoned } from './zoned.ts';

/** Prints a function call: renamed, rewritten, or refused. */
export function printCall(p: Printing, call: FuncCall, scope: Scope): string {
  const words = namesOf(call.funcname);
  const { location } = call;
  if (call.func_variadic === true) return refuse('VARIADIC', location);
  const name = words.at(-1) ?? '';
  if (call.args?.some((arg) => typeOf(p, arg, scope) === 'bytea') === true && name !== 'count')
    return refuse(`${name} of bytes`, location);
  if (words.length > 1 && words[0] !== 'pg_catalog') return printOwnFunction(p, words, call, scope);
  if (!functionTable.has(name) && specials[name] === undefined && volatilityOf(name) === 'unknown')
    throw noFunction(p, name, call, scope, 'Call it under its schema if it is yours.');
  if (call.over !== undefined) return printWindow(p, name, call, call.over, scope);
  if (isWindowFunction(name) && call.agg_within_group !== true)
    throw new Refusal(`window function ${name} requires an OVER clause`, { sqlstate: '42809', location });
  checkArguments(p, name, call, scope);
  const aggregate = printAggregateCall(p, name, call, scope);
  if (aggregate !== undefined) return aggregate;
  if (call.agg_filter !== undefined || call.agg_distinct === true || call.agg_order !== undefined) {
    return refuse(`${name} with FILTER, DISTINCT or ORDER BY`, location);
  }
  inferType(p, call.args?.[0], openType(p, name, call.args ?? [], scope));
  if (name === 'mod') inferType(p, call.args?.[1], typeOf(p, call.args?.[0], scope));
  if (jsonFunctions.has(name)) return printJson(p, { FuncCall: call }, scope, location);
  const special = specials[name];
  if (special !== undefined) return special(p, call.args ?? [], scope, location);
  return printNamed(p, name, call, scope);
}

/** A user's function, qualified by its schema, as IRIS calls class methods. */
function printOwnFunction(p: Printing, words: readonly string[], call: FuncCall, scope: Scope): string {
  const [schema = '', name = ''] = words;
  if (words.length > 2) return refuse('a function of another database', call.location);
  const args = (call.args ?? []).map((arg) => {
    if (typeOf(p, arg, scope) !== 'interval') return p.value(arg, scope);
    return refuse('an interval for a function of your own', call.location, 'Give it extract(epoch from ...).');
  });
  return `${schemaIdentifier(p.schemas.toIris(schema), call.location)}.${identifier(name, call.location)}(${args.join(', ')})`;
}

function printNamed(p: Printing, name: string, call: FuncCall, scope: Scope): string {
  const rule = functionTable.get(name);
  const args = call.args ?? [];
  const [min, max] = rule?.arguments ?? [0, 0];
  if (rule?.iris === undefined || args.length < min || args.length > max) {
    return refuse(
      `the function ${name} with ${args.length} arguments`,
      call.location,
      name in calledFunctions
        ? 'Of a text it is translated as a column of the result, by itself.'
        : 'Call it under its schema if it is yours.',
    );
  }
  const filtered = call.agg_filter === undefined ? args : refuse('FILTER', call.location);
  if (name === 'mod') noteDivision(p, args[1]);
  if (rule.domain !== undefined) p.domains.add(rule.domain);
  const printed = `${rule.iris}(${filtered.map((arg) => p.value(arg, scope)).join(', ')})`;
  return rule.isScalar === true ? `{fn ${printed}}` : printed;
}

/** Checks argument types, as IRIS converts implicitly between text and numbers. @throws Refusal 42883 */
function checkArguments(p: Printing, name: string, call: FuncCall, scope: Scope): void {
  const { args = [] } = call;
  const kind = functionTable.get(name)?.takes;
  if (kind === undefined) return;
  const ofKind = kind === 'text' ? textTypes : numberTypes;
  const types = args.map((arg) => typeOf(p, arg, scope));
  const isWrong = (type: PgType | undefined): boolean => type !== undefined && !ofKind.has(type);
  if (kind === 'text' ? !isWrong(types[0]) : !types.some(isWrong)) return;
  throw noFunction(p, name, call, scope, 'Cast its arguments.');
}

function noFunction(p: Printing, name: string, { args = [], location }: FuncCall, scope: Scope, hint: string): Refusal {
  const types = args.map((arg) => typeOf(p, arg, scope) ?? 'unknown');
  return new Refusal(`function ${name}(${types.join(', ')}) does not exist`, { sqlstate: '42883', location, hint });
}

const jsonFunctions: ReadonlySet<string> = new Set([
  'json_build_object', 'jsonb_build_object', 'json_build_array', 'jsonb_build_array', 'row_to_json', 'to_json', 'to_jsonb',
]); // prettier-ignore

type Special = (p: Printing, args: readonly Node[], scope: Scope, location?: number) => string;

/** Integer division, by the backslash operator of IRIS. */
function printDivision(p: Printing, args: readonly Node[], scope: Scope, location?: number): string {
  if (args.length !== 2 || args.some((arg) => isOfOther(p, arg)))
    return refuse('div of this', location, 'Cast its arguments.');
  noteDivision(p, args[1]);
  return `(${args.map((arg) => operand(p, arg, scope)).join(' \\ ')})`;
}

const specials: Readonly<Record<string, Special | undefined>> = {
  now: () => utcNow(),
  transaction_timestamp: () => utcNow(),
  statement_timestamp: () => utcNow(),
  clock_timestamp: () => utcNow(),
  extract: printExtract,
  date_part: printExtract,
  date_trunc: printTruncated,
  age: (_p, _args, _scope, location) => refuseAge(location),
  make_date: printMakeTimestamp,
  make_timestamp: printMakeTimestamp,
  to_char: printToChar,
  to_date: (p, args, scope, location) => printReadMoment(p, 'TO_DATE', args, scope, location),
  to_timestamp: (p, args, scope, location) =>
    args.length === 1
      ? printMomentOfSeconds(p, args[0], scope, location)
      : printReadMoment(p, 'TO_TIMESTAMP', args, scope, location),
  date_bin: printBin,
  div: printDivision,
  overlaps: printOverlaps,
  date: (p, args, scope, location) => castValue(p, dayOf(args, location), scope),
  format: printFormat,
  btrim: (p, args, scope, location) => printTrim(p, 'BOTH', args, scope, location),
  ltrim: (p, args, scope, location) => printTrim(p, 'LEADING', args, scope, location),
  rtrim: (p, args, scope, location) => printTrim(p, 'TRAILING', args, scope, location),
  concat: (p, args, scope, location) => `STRING(${args.map((arg) => outputText(p, arg, scope, location)).join(', ')})`, // both treat NULL as an empty text
  substr: printSubstring,
  substring: printSubstring,
  left: (p, args, scope, location) => printEnd(p, 'LEFT', args, scope, location),
  right: (p, args, scope, location) => printEnd(p, 'RIGHT', args, scope, location),
  starts_with: (p, [text, prefix], scope, location) =>
    p.value(
      asPrefix(text, prefix, location) ?? refuse('starts_with with a prefix that is not a constant', location),
      scope,
    ),
  overlay: printOverlay,
  num_nulls: (p, args, scope) => printNullCount(p, args, true, scope),
  num_nonnulls: (p, args, scope) => printNullCount(p, args, false, scope),
  position: (p, args, scope) => printPosition(p, args[1], args[0], scope),
  strpos: (p, args, scope) => printPosition(p, args[1], args[0], scope),
  split_part: printSplitPart,
  translate: printTranslate,
  concat_ws: printConcatWithSeparator,
  regexp_replace: printRegexpReplace,
  width_bucket: printWidthBucket,
  timezone: printZoned,
  round: printRound,
  trunc: (p, [value, places], scope) =>
    `ROUND(${p.value(value, scope)}, ${places === undefined ? '0' : p.value(places, scope)}, 1)`,
  [jsonMember]: printJsonMember,
  [valueText]: printValueText,
  [rowId]: printRowId,
  cosine_distance: (p, args, scope, location) => printDistanceCall(p, '<=>', args, scope, location),
};

/** width_bucket(number, low, high, count) between constants. */
function printWidthBucket(p: Printing, args: readonly Node[], scope: Scope, location?: number): string {
  const [node, ...bounds] = args;
  const [low, high, count] = bounds.map((bound) => Number(constantText(bound) ?? Number.NaN));
  const type = typeOf(p, node, scope);
  const isExact = type === 'numeric' || (integerTypes.has(type) && [low, high].every(Number.isInteger));
  const isKnown = low !== undefined && high !== undefined && low < high && Number.isInteger(count) && (count ?? 0) > 0;
  if (args.length !== 4 || !isKnown || !isExact)
    return refuse('this width_bucket', location, 'Use integers or numerics, and constant bounds in ascending order.');
  checkRepeatable(node, 'width_bucket');
  const value = operand(p, node, scope);
  const place = `FLOOR((${value} - ${low}) * ${count} / ${high - low}) + 1`;
  return `CASE WHEN ${value} < ${low} THEN 0 WHEN ${value} >= ${high} THEN ${(count ?? 0) + 1} WHEN ${value} IS NOT NULL THEN ${place} END`;
}

const dateName = { names: [{ String: { sval: 'date' } }] };

/** date(timestamp), which is a cast. */
function dayOf([arg, ...more]: readonly Node[], location?: number): TypeCast {
  if (arg === undefined || more.length > 0) return refuse('date() of this', location);
  return { arg, typeName: { ...dateName, location: location ?? -1 } };
}

/** format() with %s only: concatenates the texts, NULL as an empty one, like concat(). */
function printFormat(p: Printing, [pattern, ...values]: readonly Node[], scope: Scope, location?: number): string {
  const text = bodyOf(pattern, 'A_Const')?.sval === undefined ? undefined : constantText(pattern);
  const parts: readonly string[] = text?.match(/%s|%%|[^%]+|%/g) ?? [];
  if (text === undefined || parts.includes('%') || parts.filter((part) => part === '%s').length !== values.length)
    return refuse('format() with this pattern', location, '%s, one for each value, and %% are translated.');
  const rest = [...values];
  const texts = parts.map((part) => {
    const value = part === '%s' ? rest.shift() : undefined;
    return value === undefined ? p.marks.string(part === '%%' ? '%' : part) : outputText(p, value, scope, location);
  });
  return texts.length === 0 ? p.marks.string('') : `STRING(${texts.join(', ')})`;
}

function printRound(p: Printing, args: readonly Node[], scope: Scope): string {
  const [value, places] = args;
  inferType(p, places, 'int4');
  const type = openType(p, 'round', args, scope) ?? typeOf(p, value, scope);
  if (places === undefined && (type === 'float4' || type === 'float8')) return evenly(operand(p, value, scope));
  return `ROUND(${p.value(value, scope)}, ${places === undefined ? '0' : p.value(places, scope)})`;
}

function printTrim(
  p: Printing,
  side: string,
  [text, characters]: readonly Node[],
  scope: Scope,
  location?: number,
): string {
  const set =
    characters === undefined
      ? ' '
      : (constantText(characters) ?? refuse('trim of characters that are no constant', location));
  return `TRIM(${side} ${p.marks.string(set)} FROM ${p.value(text, scope)})`;
}

/** substring() by positions, or by a pattern; in PostgreSQL, positions before the text count. */
function printSubstring(p: Printing, args: readonly Node[], scope: Scope, location?: number): string {
  const [text, from, count] = args;
  for (const place of [from, count]) inferType(p, place, 'int4');
  const isPlace = integerTypes.has(typeOf(p, from, scope)) || bodyOf(from, 'ParamRef') !== undefined;
  if (!isPlace || args.length > 3)
    return refuse(
      'substring with a position that is not an integer',
      location,
      'Cast the position to integer; patterns are not supported.',
    );
  if (Number(constantText(count) ?? 0) < 0)
    throw new Refusal('negative substring length not allowed', { sqlstate: '22011', isPlaceless: true });
  const before = 1 - Number(constantText(from) ?? 1); // places in front of the text
  const places = before > 0 ? fromStart(before, count, location) : [from, count];
  const printed = places.filter((each) => each !== undefined).map((each) => p.value(each, scope));
  return `SUBSTRING(${[p.value(text, scope), ...printed].join(', ')})`;
}

function fromStart(before: number, count: Node | undefined, location?: number): readonly (Node | undefined)[] {
  if (count === undefined) return [number(1)];
  const counted = bodyOf(count, 'A_Const')?.ival;
  return counted === undefined
    ? refuse('substring from before the text, with a length that is not a constant', location)
    : [number(1), number(Math.max(0, (counted.ival ?? 0) - before))];
}

/** How many arguments are NULL, or are not. */
function printNullCount(p: Printing, args: readonly Node[], isNull: boolean, scope: Scope): string {
  const [one, other] = isNull ? [1, 0] : [0, 1];
  return `(${args.map((arg) => `CASE WHEN ${operand(p, arg, scope)} IS NULL THEN ${one} ELSE ${other} END`).join(' + ')})`;
}

function printPosition(p: Printing, part: Node | undefined, text: Node | undefined, scope: Scope): string {
  return `POSITION(${p.value(part, scope)} IN ${p.value(text, scope)})`;
}

function printDistanceCall(p: Printing, operator: string, args: readonly Node[], scope: Scope, location = -1): string {
  const [lexpr, rexpr] = args;
  if (lexpr === undefined || rexpr === undefined) return refuse('this distance', location);
  return p.value(
    { A_Expr: { kind: 'AEXPR_OP', name: [{ String: { sval: operator } }], lexpr, rexpr, location } },
    scope,
  );
}

/** GREATEST and LEAST of texts by pairwise comparisons, as IRIS would use their collation. */
function extremeText(operator: string, args: readonly Node[], location = -1): Node {
  checkRepeatable(args, 'GREATEST or LEAST of text');
  const [first, ...others] = args;
  if (first === undefined) return refuse('GREATEST or LEAST of nothing', location);
  return others.reduce((left, right): Node => {
    const isLeft: Node = {
      A_Expr: { kind: 'AEXPR_OP', name: [{ String: { sval: operator } }], lexpr: left, rexpr: right, location },
    };
    const isRightNull: Node = { NullTest: { arg: right, nulltesttype: 'IS_NULL', location } };
    const expr: Node = { BoolExpr: { boolop: 'OR_EXPR', args: [isLeft, isRightNull], location } };
    return { CaseExpr: { args: [{ CaseWhen: { expr, result: left, location } }], defresult: right, location } };
  }, first);
}

/** GREATEST and LEAST: PostgreSQL ignores NULLs and IRIS returns NULL, so each NULL is replaced by another argument. */
export function printMinMax(p: Printing, { op, args = [], location }: MinMaxExpr, scope: Scope): string {
  const isText = args.every((arg) => comparedText(p, arg, args[0], scope, location));
  if (isText) return p.value(extremeText(op === 'IS_GREATEST' ? '>=' : '<=', args, location), scope);
  const type = common(p, args, scope);
  const values = args.map((arg) => valueAs(p, arg, type, scope));
  const certain = args.map((arg, place) => {
    if (args.length === 1 || !isNullable(p, arg, scope)) return values[place];
    return `COALESCE(${[...values.slice(place), ...values.slice(0, place)].join(', ')})`;
  });
  return `${op === 'IS_GREATEST' ? 'GREATEST' : 'LEAST'}(${certain.join(', ')})`;
}

/** The current time in UTC; CURRENT_TIMESTAMP of IRIS is in its local zone. */
const utcNow = (digits = 6): string => `GETUTCDATE(${digits})`;

const valueFunctions: Readonly<Record<string, string>> = {
  SVFOP_CURRENT_DATE: 'CURRENT_DATE',
  SVFOP_CURRENT_TIMESTAMP: utcNow(),
  SVFOP_LOCALTIMESTAMP: 'CURRENT_TIMESTAMP(6)', // without digits it has no fraction
  SVFOP_LOCALTIME: 'CURRENT_TIME',
  SVFOP_CURRENT_USER: 'CURRENT_USER',
  SVFOP_USER: 'CURRENT_USER',
};

export function printValueFunction({ op, typmod, location }: SQLValueFunction): string {
  if (op === 'SVFOP_CURRENT_TIMESTAMP_N') return utcNow(typmod);
  if (op === 'SVFOP_LOCALTIMESTAMP_N') return `CURRENT_TIMESTAMP(${typmod ?? 6})`;
  return valueFunctions[op ?? ''] ?? refuse((op ?? '').replace('SVFOP_', ''), location);
}
