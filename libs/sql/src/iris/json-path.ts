import type { A_Expr, Node } from 'libpg-query';
import { bodyOf, constantText, namesOf } from '../ast.ts';
import { printColumn } from './expression.ts';
import { arrayMembers } from './arrays.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import type { Scope } from './scope.ts';

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

/** Of `#>`: an array as text, or ARRAY['a', 'b'] with a cast around it or without. */
function pathOf(operator: string, key: Node | undefined): (string | number)[] | undefined {
  if (operator.startsWith('#')) {
    const words = arrayMembers(key)?.map((member) => constantText(member)?.trim());
    const isWhole = words?.every((word) => word !== undefined) === true;
    return isWhole ? words.map((word) => (/^\d+$/.test(word) ? Number(word) : word)) : undefined;
  }
  const constant = bodyOf(key, 'A_Const');
  if (constant?.ival !== undefined) return [constant.ival.ival ?? 0];
  const text = constant?.sval === undefined ? undefined : constantText(key);
  return text === undefined ? undefined : [text];
}

function printStep(step: string | number, location?: number): string {
  if (typeof step === 'number') return step < 0 ? refuse('an index from the end', location) : `[${step}]`;
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(step)) return `.${step}`;
  return refuse('a JSON key with other characters than letters and digits', location);
}
