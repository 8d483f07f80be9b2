import type { A_Expr, Node } from 'libpg-query';
import { bodyOf, constantText, namesOf } from '../ast.ts';
import { printColumn } from './expression.ts';
import { arrayMembers } from './arrays.ts';
import { typeOf } from './inference.ts';
import type { JsonStep, ProxyComputation } from './proxy-computation.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import type { Scope } from './scope.ts';

/** JSON, and a path into it. */
interface JsonPath {
  readonly root: Node | undefined;
  readonly steps: readonly JsonStep[];
}

/**
 * `->` has two meanings: before a key or index it is a JSON path; before a name it is the arrow of IRIS, which follows a reference to
 * another table. PostgreSQL's grammar distinguishes them.
 */
export function printJsonPath(p: Printing, expression: A_Expr, scope: Scope): string {
  const { name, lexpr, rexpr, location } = expression;
  const operator = namesOf(name).at(-1) ?? '';
  const followed = bodyOf(rexpr, 'ColumnRef');
  if (operator === '->' && followed !== undefined)
    return printArrow(p, lexpr, printColumn(p, followed), scope, location);
  if (!operator.endsWith('>>'))
    return refuse(
      `${operator} here`,
      location,
      'It is translated as a column of the result; ->> and #>> wherever they stand.',
    );
  return printScalar(p, 'JSON_VALUE', expression, scope);
}

/** What a path leads to: JSON_VALUE has nothing for an object or an array, and JSON_QUERY for nothing else. */
function printScalar(p: Printing, call: 'JSON_VALUE' | 'JSON_QUERY', expression: A_Expr, scope: Scope): string {
  const { location } = expression;
  if (!p.dialect.has('jsonPath')) return refuse(`JSON before IRIS ${p.dialect.since('jsonPath')}`, location);
  const { root, steps } = pathOf(expression);
  const path = steps.map((step) => printStep(step, location)).join('');
  return `${call}(${p.value(root, scope)}, '$${path}')`;
}

/** `->>` or `#>>` where it is asked for NULL, which it is neither of a scalar nor of an object or an array; undefined for anything else. */
export function printJsonOfAnyKind(p: Printing, node: Node | undefined, scope: Scope): string | undefined {
  const expression = jsonOperation(node, ['->>', '#>>']);
  if (expression === undefined) return undefined;
  return `COALESCE(${printScalar(p, 'JSON_VALUE', expression, scope)}, ${printScalar(p, 'JSON_QUERY', expression, scope)})`;
}

/** A result column that `->` or `#>` is, of whatever kind: the proxy goes the path. Undefined for any other. */
export function madePath(
  p: Printing,
  node: Node | undefined,
  scope: Scope,
): { readonly arg: Node; readonly made: ProxyComputation } | undefined {
  const expression = jsonOperation(node, ['->', '#>']);
  if (expression === undefined) return undefined;
  const { root, steps } = pathOf(expression);
  const of = typeOf(p, root, scope) === 'json' ? 'json' : 'jsonb';
  return root === undefined ? undefined : { arg: root, made: { kind: 'jsonPath', of, steps } };
}

/** `->` of jsonb as `->>`, of which a number can be made. */
export function asScalar(node: Node | undefined): Node | undefined {
  const expression = jsonOperation(node, ['->', '#>']);
  const operator = namesOf(expression?.name).at(-1) ?? '';
  return expression && { A_Expr: { ...expression, name: [{ String: { sval: `${operator}>` } }] } };
}

function jsonOperation(node: Node | undefined, operators: readonly string[]): A_Expr | undefined {
  const expression = bodyOf(node, 'A_Expr');
  const isOne = expression?.kind === 'AEXPR_OP' && operators.includes(namesOf(expression.name).at(-1) ?? '');
  return isOne && bodyOf(expression.rexpr, 'ColumnRef') === undefined ? expression : undefined;
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

/** All steps from the innermost operand on. @throws Refusal */
function pathOf({ name, lexpr, rexpr, location }: A_Expr): JsonPath {
  const own = stepsOf(namesOf(name).at(-1) ?? '', rexpr) ?? refuse('a JSON path that is not a constant', location);
  const inner = jsonOperation(lexpr, ['->', '#>']);
  if (inner === undefined) return { root: lexpr, steps: own };
  const { root, steps } = pathOf(inner);
  return { root, steps: [...steps, ...own] };
}

/** The path of `#>`: an array literal, or ARRAY['a', 'b'], possibly cast. */
function stepsOf(operator: string, key: Node | undefined): readonly JsonStep[] | undefined {
  if (operator.startsWith('#')) {
    const words = arrayMembers(key)?.map((member) => constantText(member)?.trim());
    const isWhole = words?.every((word) => word !== undefined) === true;
    return isWhole
      ? words.map((word) => (/^-?\d+$/.test(word) ? { key: word, index: Number(word) } : { key: word }))
      : undefined;
  }
  const constant = bodyOf(key, 'A_Const');
  if (constant?.ival !== undefined) return [{ index: constant.ival.ival ?? 0 }];
  const text = constant?.sval === undefined ? undefined : constantText(key);
  return text === undefined ? undefined : [{ key: text }];
}

function printStep({ key = '', index }: JsonStep, location?: number): string {
  if (index !== undefined) return index < 0 ? refuse('an index from the end', location) : `[${index}]`;
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) return `.${key}`;
  return refuse('a JSON key with other characters than letters and digits', location);
}
