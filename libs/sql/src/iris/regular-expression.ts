import type { A_Expr, Node } from 'libpg-query';
import { bodyOf, constantText, lastNameOf } from '../ast.ts';

/** A test by a regular expression as the LIKE that says the same; undefined where none does. */
export function asLike(expression: A_Expr): Node | undefined {
  const { kind, name, lexpr, rexpr, location } = expression;
  const operator = lastNameOf(name) ?? '';
  const pattern = kind === 'AEXPR_SIMILAR' ? similarPattern(rexpr) : likePattern(constantOf(rexpr));
  if (pattern === undefined || lexpr === undefined) return undefined;
  const isWithCase = !operator.endsWith('*');
  const word = operator.startsWith('!') ? '!~~' : '~~';
  return likeNode(isWithCase ? 'AEXPR_LIKE' : 'AEXPR_ILIKE', word, lexpr, pattern, location);
}

function likeNode(kind: 'AEXPR_LIKE' | 'AEXPR_ILIKE', word: string, lexpr: Node, pattern: string, location = -1): Node {
  const rexpr: Node = { A_Const: { sval: { sval: pattern }, location } };
  return { A_Expr: { kind, name: [{ String: { sval: word } }], lexpr, rexpr, location } };
}

const constantOf = (node: Node | undefined): string | undefined =>
  bodyOf(node, 'A_Const')?.sval === undefined ? undefined : constantText(node);

/** starts_with(text, constant), as LIKE. */
export function asPrefix(text: Node | undefined, prefix: Node | undefined, location?: number): Node | undefined {
  const constant = constantOf(prefix);
  return constant === undefined || text === undefined
    ? undefined
    : likeNode('AEXPR_LIKE', '~~', text, `${constant.replaceAll(/[\\%_]/g, '\\$&')}%`, location);
}

/** Of its signs only anchors at the ends, `.`, `.*`, `.+`, and what a backslash makes plain. */
function likePattern(regex: string | undefined): string | undefined {
  if (regex === undefined) return undefined;
  const isFromStart = regex.startsWith('^');
  const isToEnd = /(?:^|[^\\])(?:\\\\)*\$$/.test(regex);
  const inner = regex.slice(isFromStart ? 1 : 0, isToEnd ? -1 : undefined);
  if (!/^(?:[^\\^$.|?*+()[\]{}]|\\[^A-Za-z0-9]|\.[*+]?)*$/u.test(inner) || /[*+]\?/.test(inner)) return undefined;
  const like = inner.replace(/\\.|\.[*+]?|[%_]/gsu, (sign) => likeOf[sign] ?? `\\${sign.slice(-1)}`);
  return `${isFromStart ? '' : '%'}${like}${isToEnd ? '' : '%'}`;
}

const likeOf: Readonly<Record<string, string>> = { '.': '_', '.*': '%', '.+': '_%' };

/** SIMILAR TO without what it has more than LIKE. */
function similarPattern(node: Node | undefined): string | undefined {
  const call = bodyOf(node, 'FuncCall');
  if (lastNameOf(call?.funcname) !== 'similar_to_escape' || call?.args?.length !== 1) return undefined;
  const pattern = constantOf(call.args[0]);
  return pattern !== undefined && /^[^\\|?*+()[\]{}]*$/.test(pattern) ? pattern : undefined;
}
