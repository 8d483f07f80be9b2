import type { ColumnRef, FuncCall, Node } from 'libpg-query';
import { bodyOf, constantText, lastNameOf, namesOf } from '../ast.ts';
import { operand } from './expression.ts';
import { isNullable, isOpenParameter, isUntypedConstant, inferType, typeOf } from './inference.ts';
import { columnOf } from './node-builders.ts';
import { textTypes, timeTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import { checkRepeatable } from './repeatable.ts';
import type { Scope } from './scope.ts';
import { textOperand } from './text-operand.ts';

/** A JSON object or array constructed by a statement. */
interface Form {
  /** The keys of an object. */
  readonly keys?: readonly string[];
  readonly members: readonly Node[];
}

const objects: ReadonlySet<string> = new Set(['json_build_object', 'jsonb_build_object']);
const arrays: ReadonlySet<string> = new Set(['json_build_array', 'jsonb_build_array']);
const ofRows: ReadonlySet<string> = new Set(['row_to_json', 'to_json', 'to_jsonb']);

/** The form of json_build_object and the like, or of a row by its table name; undefined for other values. */
function formOf(node: Node | undefined, scope: Scope): Form | undefined {
  const row = bodyOf(node, 'ColumnRef');
  if (row !== undefined) return formOfRow(row, scope);
  const { funcname, args = [], location } = bodyOf(node, 'FuncCall') ?? {};
  const name = lastNameOf(funcname) ?? '';
  if (ofRows.has(name) && args.length === 1) return formOf(args[0], scope);
  if (arrays.has(name)) return { members: args };
  if (!objects.has(name)) return undefined;
  if (args.length % 2 === 1) return refuse('an object with a key without a value', location);
  const keys = args.filter((_, place) => place % 2 === 0).map((key) => constantText(key));
  const known = keys.filter((key) => key !== undefined);
  if (known.length < keys.length) return refuse('an object with a key that is not a constant', location);
  return { keys: known, members: args.filter((_, place) => place % 2 === 1) };
}

/** The form of a whole row: `t` (if no column has that name) or `t.*`. */
function formOfRow(row: ColumnRef, scope: Scope): Form | undefined {
  const [alias = '', ...more] = namesOf(row.fields);
  const isWhole = bodyOf(row.fields?.[1], 'A_Star') !== undefined && more.length === 0;
  const table = scope.tables.find((each) => each.alias === alias);
  if (table?.columns === undefined || !(isWhole || scope.isRow(row))) return undefined;
  const names = table.columns.map(({ name }) => name);
  return { keys: names, members: names.map((name) => columnOf(alias, name)) };
}

/** Corrects empty texts in JSON, which IRIS writes as a character 0. */
function withEmptyTexts(p: Printing, json: string, node: Node | undefined, scope: Scope): string {
  if (!mayBeEmpty(p, node, scope)) return json;
  return `REPLACE(${json}, ${p.marks.string('"\\u0000"')}, ${p.marks.string('""')})`;
}

/** Whether a value, or a member of it, may be an empty text. */
function mayBeEmpty(p: Printing, node: Node | undefined, scope: Scope): boolean {
  const form = formOf(node, scope);
  if (form !== undefined) return form.members.some((member) => mayBeEmpty(p, member, scope));
  if (isUntypedConstant(node)) return constantText(node) === '';
  return textTypes.has(typeOf(p, node, scope)) || (node !== undefined && isOpenParameter(p, node));
}

/** Prints json_build_object and the like, row_to_json and to_json. */
export function printJson(p: Printing, node: Node, scope: Scope, location?: number): string {
  const { args = [] } = bodyOf(node, 'FuncCall') ?? {};
  const form = formOf(node, scope);
  if (form !== undefined) return withEmptyTexts(p, printForm(p, form, scope, location), node, scope);
  const [value, ...more] = args;
  if (value === undefined || more.length > 0) return refuse('this function of JSON', location);
  const json = withEmptyTexts(p, jsonText(p, value, scope, location), value, scope);
  return isNullable(p, value, scope) ? `CASE WHEN ${operand(p, value, scope)} IS NOT NULL THEN ${json} END` : json;
}

/** Internal function name for the JSON text of a value. */
export const jsonMember = 'iris_json_member';

/** Prints an element of a JSON array that the proxy assembles. */
export function printJsonMember(p: Printing, [value]: readonly Node[], scope: Scope, location?: number): string {
  if (value === undefined) return refuse('this function', location);
  return withEmptyTexts(p, jsonText(p, value, scope, location), value, scope);
}

/** Prints json_agg(value) by LIST over JSON texts, with NULL as null. */
export function printJsonList(p: Printing, name: string, call: FuncCall, scope: Scope): string {
  const { args = [], agg_filter: filter, agg_distinct: isDistinct, agg_order: order, location } = call;
  const [value, ...more] = args;
  if (value === undefined || more.length > 0 || isDistinct === true || order !== undefined)
    return refuse(`${name} with DISTINCT or an order, here`, location, aboutOrder);
  const json = withEmptyTexts(p, jsonText(p, value, scope, location), value, scope);
  const kept = filter === undefined ? json : `CASE WHEN ${p.predicate(filter, scope)} THEN ${json} END`;
  return `${p.marks.string('[')} || LIST(${kept}) || ${p.marks.string(']')}`;
}

const aboutOrder = 'With an order it is translated as a column of the result, by itself or inside COALESCE.';

/** Prints an object or array by JSON_OBJECT and JSON_ARRAY if all members are numbers and texts, and by concatenation otherwise. */
function printForm(p: Printing, form: Form, scope: Scope, location?: number): string {
  const { keys, members } = form;
  if (members.length === 0) return keys === undefined ? "'[]'" : "'{}'";
  if (members.every((member) => isPlain(p, member, scope))) {
    const values = members.map((member) => plainMember(p, member, scope, location));
    const pairs = keys?.map((key, place) => `${p.marks.string(key)}:${values[place] ?? ''}`);
    return pairs === undefined ? `JSON_ARRAY(${values.join(', ')})` : `JSON_OBJECT(${pairs.join(', ')})`;
  }
  const [open, close] = keys === undefined ? ['[', ']'] : ['{', '}'];
  const pieces = members.map((member, place) => {
    const before = place === 0 ? open : ',';
    const key = keys === undefined ? '' : `${JSON.stringify(keys[place])}:`;
    return `${p.marks.string(before + key)} || ${jsonText(p, member, scope, location)}`;
  });
  return `(${[...pieces, p.marks.string(close)].join(' || ')})`;
}

function isPlain(p: Printing, node: Node, scope: Scope): boolean {
  const form = formOf(node, scope);
  if (form !== undefined) return form.members.length > 0 && form.members.every((member) => isPlain(p, member, scope));
  const type = typeOf(p, node, scope);
  return type !== 'bool' && type !== 'json' && type !== 'jsonb';
}

/** Prints the JSON text of a value, never NULL. */
function jsonText(p: Printing, node: Node, scope: Scope, location?: number): string {
  const form = formOf(node, scope);
  if (form !== undefined) return printForm(p, form, scope, location);
  const type = typeOf(p, node, scope);
  if (type === 'json' || type === 'jsonb') return `COALESCE(${p.value(node, scope)}, ${p.marks.string('null')})`;
  checkRepeatable(node, 'JSON');
  if (type === 'bool') {
    const value = operand(p, node, scope);
    return `CASE WHEN ${value} = 1 THEN 'true' WHEN ${value} = 0 THEN 'false' ELSE 'null' END`;
  }
  const array = `JSON_ARRAY(${plainMember(p, node, scope, location)})`;
  return `SUBSTRING(${array}, 2, CHAR_LENGTH(${array}) - 2)`;
}

/** Prints a member for JSON_OBJECT or JSON_ARRAY, which handle numbers, texts, and their own results; undefined otherwise. */
function plainMember(p: Printing, node: Node, scope: Scope, location?: number): string {
  const form = formOf(node, scope);
  if (form !== undefined) return printForm(p, form, scope, location);
  const type = typeOf(p, node, scope);
  if (type === 'interval') return refuse('an interval in JSON', location, 'Take extract(epoch from ...).');
  if (type === undefined && !isUntypedConstant(node) && !isOpenParameter(p, node))
    return refuse('something of unknown type in JSON', location, 'Cast it.');
  if (type === undefined) inferType(p, node, 'text');
  if (type === 'uuid') return `LOWER(${operand(p, node, scope)})`;
  if (type === 'timestamp') return `REPLACE(${textOperand(p, node, scope, location)}, ' ', 'T')`;
  return timeTypes.has(type) || type === 'time' ? textOperand(p, node, scope, location) : p.value(node, scope);
}
