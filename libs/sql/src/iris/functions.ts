import type { ColumnRef, FuncCall, MinMaxExpr, Node, SQLValueFunction, TypeCast } from 'libpg-query';
import { bodyOf, constantText, hasPart, namesOf } from '../ast.ts';
import { refuseAge } from './age.ts';
import { castValue, evenly } from './cast.ts';
import { comparedText, exact, ordered } from './comparison.ts';
import { operand, valueAs } from './expression.ts';
import { aggregateNames, functionTable } from './function-table.ts';
import { isAggregate } from './grouping.ts';
import { common, isNullable, learnType, openType, typeOf } from './inference.ts';
import { printJson } from './json.ts';
import { identifier, schemaIdentifier } from './names.ts';
import { integerTypes, numberTypes, textTypes, type PgType } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { noteDivision } from './operators.ts';
import { placeOf, Refusal, refuse } from './refusal.ts';
import type { Scope } from './scope.ts';
import { printOverlaps } from './overlaps.ts';
import { asPrefix } from './regular-expression.ts';
import { checkRepeatable } from './repeatable.ts';
import {
  printConcatWithSeparator,
  printEnd,
  printRegexpReplace,
  printSplitPart,
  printTranslate,
} from './text-functions.ts';
import { textOperand } from './text-operand.ts';
import { printBin, printMadeMoment, printMomentOfSeconds } from './made-moments.ts';
import { printReadMoment, printToChar } from './moment-patterns.ts';
import { printExtract, printTruncated } from './time.ts';
import { untypedText } from './typed-constants.ts';
import { printWindow } from './windows.ts';

/** A call by its name: another name, another form, or none. */
export function printCall(p: Printing, call: FuncCall, scope: Scope): string {
  const words = namesOf(call.funcname);
  const { location } = call;
  if (call.func_variadic === true) return refuse('VARIADIC', location);
  const name = words.at(-1) ?? '';
  if (call.args?.some((arg) => typeOf(p, arg, scope) === 'bytea') === true && name !== 'count')
    return refuse(`${name} of bytes`, location);
  if (words.length > 1 && words[0] !== 'pg_catalog') return printOwnFunction(p, words, call, scope);
  if (call.over !== undefined) return printWindow(p, name, call, call.over, scope);
  if (aggregateNames.has(name)) noteAggregate(call, scope);
  const aggregate = aggregates[name];
  if (aggregate !== undefined) return aggregate(p, call, scope);
  if (call.agg_filter !== undefined || call.agg_distinct === true || call.agg_order !== undefined) {
    return refuse(`${name} with FILTER, DISTINCT or ORDER BY`, location);
  }
  learnType(p, call.args?.[0], openType(p, name, call.args ?? [], scope));
  if (name === 'mod') learnType(p, call.args?.[1], typeOf(p, call.args?.[0], scope));
  const special = specials[name];
  if (special !== undefined) return special(p, call.args ?? [], scope, location);
  return printNamed(p, name, call, scope);
}

/** @throws Refusal 42803 for one inside another */
function noteAggregate({ args = [], agg_filter: filter, location }: FuncCall, scope: Scope): void {
  scope.aggregates++;
  if (isOfQueryAround(args, scope)) refuse('an aggregate of the query around', location, 'Take it in a query in FROM.');
  if (hasPart(args, isAggregate))
    throw new Refusal('aggregate function calls cannot be nested', { sqlstate: '42803', location });
  if (filter !== undefined && hasPart(filter, isAggregate))
    throw new Refusal('aggregate functions are not allowed in FILTER', {
      sqlstate: '42803',
      location: placeOf(filter),
    });
}

/** A function of the user, under its schema: IRIS calls class methods so. */
function printOwnFunction(p: Printing, words: readonly string[], call: FuncCall, scope: Scope): string {
  const [schema = '', name = ''] = words;
  if (words.length > 2) return refuse('a function of another database', call.location);
  const args = (call.args ?? []).map((arg) => {
    if (typeOf(p, arg, scope) !== 'interval') return p.value(arg, scope);
    return refuse('an interval for a function of your own', call.location, 'Give it extract(epoch from ...).');
  });
  return `${schemaIdentifier(p.schemas.toIris(schema), call.location)}.${identifier(name, call.location)}(${args.join(', ')})`;
}

/** Whether all columns that an aggregate reads are of a query around: then it is that one's. */
function isOfQueryAround(args: readonly Node[], scope: Scope): boolean {
  const columns: ColumnRef[] = [];
  hasPart(args, (node) => {
    const column = bodyOf(node, 'ColumnRef');
    if (column !== undefined) columns.push(column);
    return false;
  });
  return columns.length > 0 && columns.every((column) => !scope.isOwn(column) && scope.column(column) !== undefined);
}

function printNamed(p: Printing, name: string, call: FuncCall, scope: Scope): string {
  const rule = functionTable.get(name);
  const args = call.args ?? [];
  const [min, max] = rule?.arguments ?? [0, 0];
  if (rule?.iris === undefined || args.length < min || args.length > max) {
    return refuse(
      `the function ${name} with ${args.length} arguments`,
      call.location,
      'Call it under its schema if it is yours.',
    );
  }
  const filtered = call.agg_filter === undefined ? args : refuse('FILTER', call.location);
  if (name === 'mod') noteDivision(p, args[1]);
  const printed = `${rule.iris}(${filtered.map((arg) => p.value(arg, scope)).join(', ')})`;
  return rule.isScalar === true ? `{fn ${printed}}` : printed;
}

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
};

function printAggregate(p: Printing, name: string, call: FuncCall, scope: Scope): string {
  const [arg, ...more] = call.args ?? [];
  if (arg === undefined || more.length > 0 || call.agg_order !== undefined)
    return refuse(`this use of ${name}`, call.location);
  const type = openType(p, namesOf(call.funcname).at(-1) ?? '', [arg], scope) ?? typeOf(p, arg, scope);
  checkAggregated(call, type);
  const isExtreme = name === 'MIN' || name === 'MAX';
  const isText = isExtreme && textTypes.has(type);
  learnType(p, arg, type);
  const asIs = call.agg_distinct === true || isExtreme ? exact(p, arg, scope) : p.value(arg, scope);
  const value = isText ? ordered(p, arg, scope) : asIs;
  const filtered =
    call.agg_filter === undefined ? value : `CASE WHEN ${p.predicate(call.agg_filter, scope)} THEN ${value} END`;
  const printed = `${name}(${call.agg_distinct === true ? 'DISTINCT ' : ''}${filtered})`;
  return isText ? `SUBSTRING(${printed}, 2)` : printed;
}

/** What IRIS would take for a number, or compare, and PostgreSQL does not. @throws Refusal 42883 */
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
  if (type !== undefined && isWrong)
    throw new Refusal(`function ${name}(${type}) does not exist`, { sqlstate: '42883', location });
}

/** A character that no text has. */
const unitSeparator = '\u001f';

/** LIST puts a comma between, and nothing else: for another separator the commas of the texts step aside. */
function printList(p: Printing, call: FuncCall, scope: Scope): string {
  const [arg, separator] = call.args ?? [];
  const between = bodyOf(separator, 'A_Const')?.sval === undefined ? undefined : constantText(separator);
  if (between === undefined || call.agg_order !== undefined)
    return refuse(
      'string_agg with an order, or with a separator that is no constant',
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

type Special = (p: Printing, args: readonly Node[], scope: Scope, location?: number) => string;

const specials: Readonly<Record<string, Special | undefined>> = {
  now: () => utcNow(),
  transaction_timestamp: () => utcNow(),
  extract: printExtract,
  date_part: printExtract,
  date_trunc: printTruncated,
  age: (_p, _args, _scope, location) => refuseAge(location),
  make_date: printMadeMoment,
  make_timestamp: printMadeMoment,
  to_char: printToChar,
  to_date: (p, args, scope, location) => printReadMoment(p, 'TO_DATE', args, scope, location),
  to_timestamp: (p, args, scope, location) =>
    args.length === 1
      ? printMomentOfSeconds(p, args[0], scope, location)
      : printReadMoment(p, 'TO_TIMESTAMP', args, scope, location),
  date_bin: printBin,
  overlaps: printOverlaps,
  date: (p, args, scope, location) => castValue(p, dayOf(args, location), scope),
  format: printFormat,
  btrim: (p, args, scope, location) => printTrim(p, 'BOTH', args, scope, location),
  ltrim: (p, args, scope, location) => printTrim(p, 'LEADING', args, scope, location),
  rtrim: (p, args, scope, location) => printTrim(p, 'TRAILING', args, scope, location),
  concat: (p, args, scope, location) => `STRING(${args.map((arg) => textOperand(p, arg, scope, location)).join(', ')})`, // both take NULL for no text
  substr: printSubstring,
  substring: printSubstring,
  left: (p, args, scope, location) => printEnd(p, 'LEFT', args, scope, location),
  right: (p, args, scope, location) => printEnd(p, 'RIGHT', args, scope, location),
  starts_with: (p, [text, prefix], scope, location) =>
    p.value(asPrefix(text, prefix, location) ?? refuse('starts_with of what is no constant', location), scope),
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
  jsonb_build_object: (p, args, scope, location) => printJson(p, 'jsonb_build_object', args, scope, location),
  json_build_object: (p, args, scope, location) => printJson(p, 'json_build_object', args, scope, location),
  jsonb_build_array: (p, args, scope, location) => printJson(p, 'jsonb_build_array', args, scope, location),
  json_build_array: (p, args, scope, location) => printJson(p, 'json_build_array', args, scope, location),
  cosine_distance: (p, args, scope, location) => printDistanceCall(p, '<=>', args, scope, location),
};

/** `x AT TIME ZONE 'UTC'`, in which moments are here: they are the same with a zone and without. */
function printZoned(p: Printing, [zone, moment]: readonly Node[], scope: Scope, location?: number): string {
  const type = typeOf(p, moment, scope);
  const isUtc = /^(?:utc|gmt|z|zulu|uct|etc\/(?:utc|gmt|uct|zulu))$/i.test(untypedText(zone) ?? '');
  if (!isUtc) return refuse('AT TIME ZONE of another zone than UTC', location, 'IRIS knows no zones: add an interval.');
  if (type !== 'timestamp' && type !== 'timestamptz')
    return refuse('AT TIME ZONE of this', location, 'Cast it to timestamp or timestamptz.');
  return p.value(moment, scope);
}

/** width_bucket(number, low, high, count) between constants. */
function printWidthBucket(p: Printing, args: readonly Node[], scope: Scope, location?: number): string {
  const [node, ...bounds] = args;
  const [low, high, count] = bounds.map((bound) => Number(constantText(bound) ?? Number.NaN));
  const type = typeOf(p, node, scope);
  const isExact = type === 'numeric' || (integerTypes.has(type) && [low, high].every(Number.isInteger));
  const isKnown = low !== undefined && high !== undefined && low < high && Number.isInteger(count) && (count ?? 0) > 0;
  if (args.length !== 4 || !isKnown || !isExact)
    return refuse(
      'this width_bucket',
      location,
      'Of integers and numerics between constants it is translated, upwards.',
    );
  checkRepeatable(node, 'width_bucket');
  const value = operand(p, node, scope);
  const place = `FLOOR((${value} - ${low}) * ${count} / ${high - low}) + 1`;
  return `CASE WHEN ${value} < ${low} THEN 0 WHEN ${value} >= ${high} THEN ${(count ?? 0) + 1} WHEN ${value} IS NOT NULL THEN ${place} END`;
}

const dateName = { names: [{ String: { sval: 'date' } }] };

/** date(moment) is a cast. */
function dayOf([arg, ...more]: readonly Node[], location?: number): TypeCast {
  if (arg === undefined || more.length > 0) return refuse('date() of this', location);
  return { arg, typeName: { ...dateName, location: location ?? -1 } };
}

/** format() with nothing but %s: the texts one after the other, NULL as none, as concat() has them. */
function printFormat(p: Printing, [pattern, ...values]: readonly Node[], scope: Scope, location?: number): string {
  const text = bodyOf(pattern, 'A_Const')?.sval === undefined ? undefined : constantText(pattern);
  const parts: readonly string[] = text?.match(/%s|%%|[^%]+|%/g) ?? [];
  if (text === undefined || parts.includes('%') || parts.filter((part) => part === '%s').length !== values.length)
    return refuse('format() with this pattern', location, '%s, one for each value, and %% are translated.');
  const rest = [...values];
  const texts = parts.map((part) => {
    const value = part === '%s' ? rest.shift() : undefined;
    return value === undefined ? p.marks.string(part === '%%' ? '%' : part) : textOperand(p, value, scope, location);
  });
  return texts.length === 0 ? p.marks.string('') : `STRING(${texts.join(', ')})`;
}

function printRound(p: Printing, args: readonly Node[], scope: Scope): string {
  const [value, places] = args;
  learnType(p, places, 'int4');
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

/** With a pattern in place of the first place it is another function; places before the text count in PostgreSQL. */
function printSubstring(p: Printing, args: readonly Node[], scope: Scope, location?: number): string {
  const [text, from, count] = args;
  const first = bodyOf(from, 'A_Const')?.ival;
  for (const place of [from, count]) learnType(p, place, 'int4');
  const isPlace = integerTypes.has(typeOf(p, from, scope)) || bodyOf(from, 'ParamRef') !== undefined;
  if (!isPlace || args.length > 3)
    return refuse(
      'substring by something that is no integer',
      location,
      'Cast the place to int; patterns are not translated.',
    );
  if (first !== undefined && (first.ival ?? 0) < 1) return refuse('substring from before the text', location);
  if (Number(constantText(count) ?? 0) < 0)
    throw new Refusal('negative substring length not allowed', { sqlstate: '22011', location });
  const places = [from, count].filter((each) => each !== undefined).map((each) => p.value(each, scope));
  return `SUBSTRING(${[p.value(text, scope), ...places].join(', ')})`;
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

/** GREATEST and LEAST of texts, one after the other: IRIS would compare them by their collation. */
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

/** PostgreSQL passes over NULLs, IRIS answers NULL: so another argument stands in for one that is. */
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

/** CURRENT_TIMESTAMP of IRIS is the time of its own zone, without saying which; clients get a moment. */
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
