import type { A_Expr, Node } from 'libpg-query';
import { bodyOf, constantText, lastNameOf, namesOf } from '../ast.ts';
import { operand, printColumn } from './expression.ts';
import { isOpenParameter, isUntypedConstant, typeOf } from './inference.ts';
import { textTypes, timeTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import type { Scope } from './scope.ts';
import { textOperand } from './text-operand.ts';

/**
 * `->` is two things: before a key or an index it goes into JSON, before a name it is the arrow of IRIS, which follows a
 * reference to another table. PostgreSQL's grammar tells them apart.
 */
export function printJsonPath(p: Printing, expression: A_Expr, scope: Scope): string {
  const { name, lexpr, rexpr, location } = expression;
  const operator = namesOf(name).at(-1) ?? '';
  const followed = bodyOf(rexpr, 'ColumnRef');
  if (operator === '->' && followed !== undefined)
    return printArrow(p, lexpr, printColumn(p, followed), scope, location);
  if (!p.dialect.has('jsonPath')) return refuse(`JSON before IRIS ${p.dialect.since('jsonPath')}`, location);
  const steps = pathOf(operator, rexpr) ?? refuse('a JSON path that is no constant', location);
  let root = lexpr;
  for (let inner = stepInto(root); inner !== undefined; inner = stepInto(root)) {
    const more = pathOf(inner.operator, inner.key) ?? refuse('a JSON path that is no constant', location);
    steps.unshift(...more);
    root = inner.root;
  }
  const path = `$${steps.map((step) => printStep(step, location)).join('')}`;
  const call = operator === '->>' || operator === '#>>' ? 'JSON_VALUE' : 'JSON_QUERY';
  return `${call}(${p.value(root, scope)}, '${path}')`;
}

function printArrow(p: Printing, from: Node | undefined, to: string, scope: Scope, location?: number): string {
  const column = bodyOf(from, 'ColumnRef');
  if (column === undefined && !isArrow(from)) return refuse('an arrow from something that is no column', location);
  return `${p.value(from, scope)}->${to}`;
}

function isArrow(node: Node | undefined): boolean {
  const { kind, name, rexpr } = bodyOf(node, 'A_Expr') ?? {};
  return kind === 'AEXPR_OP' && namesOf(name).at(-1) === '->' && bodyOf(rexpr, 'ColumnRef') !== undefined;
}

function stepInto(
  node: Node | undefined,
): { operator: string; root: Node | undefined; key: Node | undefined } | undefined {
  const { kind, name, lexpr, rexpr } = bodyOf(node, 'A_Expr') ?? {};
  const operator = namesOf(name).at(-1) ?? '';
  if (kind !== 'AEXPR_OP' || (operator !== '->' && operator !== '#>')) return undefined;
  return bodyOf(rexpr, 'ColumnRef') === undefined ? { operator, root: lexpr, key: rexpr } : undefined;
}

function pathOf(operator: string, key: Node | undefined): (string | number)[] | undefined {
  const constant = bodyOf(key, 'A_Const');
  if (constant?.ival !== undefined) return [constant.ival.ival ?? 0];
  const text = constant?.sval === undefined ? undefined : constantText(key);
  if (text === undefined) return undefined;
  if (!operator.startsWith('#')) return [text];
  const inner = /^\{(.*)\}$/.exec(text)?.[1];
  return inner?.split(',').map((word) => (/^\d+$/.test(word.trim()) ? Number(word) : word.trim()));
}

function printStep(step: string | number, location?: number): string {
  if (typeof step === 'number') return step < 0 ? refuse('an index from the end', location) : `[${step}]`;
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(step)) return `.${step}`;
  return refuse('a JSON key with other characters than letters and digits', location);
}

type Builder = (p: Printing, args: readonly Node[], scope: Scope, location?: number) => string;

/** jsonb_build_object('k', v, ...) and its like, as IRIS has them; one may stand in another. */
const builders: Readonly<Record<string, Builder | undefined>> = {
  jsonb_build_object: printObject,
  json_build_object: printObject,
  jsonb_build_array: printArray,
  json_build_array: printArray,
};

/** IRIS writes a text of no length as a character 0, which no text of PostgreSQL has. */
export function printJson(p: Printing, name: string, args: readonly Node[], scope: Scope, location?: number): string {
  const json = builders[name]?.(p, args, scope, location) ?? refuse(`the function ${name}`, location);
  if (!args.some((arg) => mayBeEmpty(p, arg, scope))) return json;
  return `REPLACE(${json}, ${p.marks.string('"\\u0000"')}, ${p.marks.string('""')})`;
}

/** Whether a member, or one inside it, may be a text of no length. */
function mayBeEmpty(p: Printing, node: Node, scope: Scope): boolean {
  const { funcname, args = [] } = bodyOf(node, 'FuncCall') ?? {};
  if (builders[lastNameOf(funcname) ?? ''] !== undefined) return args.some((arg) => mayBeEmpty(p, arg, scope));
  if (isUntypedConstant(node)) return constantText(node) === '';
  return textTypes.has(typeOf(p, node, scope)) || isOpenParameter(p, node);
}

function printObject(p: Printing, args: readonly Node[], scope: Scope, location?: number): string {
  if (args.length % 2 === 1) return refuse('an object with a key without a value', location);
  const pairs: string[] = [];
  for (let place = 0; place < args.length; place += 2) {
    const key = constantText(args[place]);
    if (key === undefined) return refuse('an object with a key that is no constant', location);
    pairs.push(`${p.marks.string(key)}:${jsonMember(p, args[place + 1], scope, location)}`);
  }
  return pairs.length === 0 ? "'{}'" : `JSON_OBJECT(${pairs.join(', ')})`;
}

function printArray(p: Printing, args: readonly Node[], scope: Scope, location?: number): string {
  const members = args.map((arg) => jsonMember(p, arg, scope, location));
  return members.length === 0 ? "'[]'" : `JSON_ARRAY(${members.join(', ')})`;
}

/** IRIS makes numbers and texts of members, and of JSON what it has made itself. */
function jsonMember(p: Printing, node: Node | undefined, scope: Scope, location?: number): string {
  const { funcname, args = [] } = bodyOf(node, 'FuncCall') ?? {};
  const builder = builders[lastNameOf(funcname) ?? ''];
  if (builder !== undefined)
    return args.length === 0 ? refuse('JSON of nothing in JSON', location) : builder(p, args, scope, location);
  const type = typeOf(p, node, scope);
  if (type === 'bool')
    return refuse('a boolean in JSON', location, 'IRIS SQL makes numbers of them: cast it to int or to text.');
  if (type === 'interval') return refuse('an interval in JSON', location, 'Take extract(epoch from ...).');
  if (type === 'json' || type === 'jsonb')
    return refuse(
      'JSON in JSON',
      location,
      'IRIS takes it for text: build it there, or put it together in the client.',
    );
  if (type === undefined && !isUntypedConstant(node) && !isOpenParameter(p, node))
    return refuse('something of unknown type in JSON', location, 'Cast it.');
  if (type === 'uuid') return `LOWER(${operand(p, node, scope)})`;
  if (type === 'timestamp') return `REPLACE(${textOperand(p, node, scope, location)}, ' ', 'T')`;
  return timeTypes.has(type) || type === 'time' ? textOperand(p, node, scope, location) : p.value(node, scope);
}
