import type { Node } from 'libpg-query';
import { bodyOf, constantText } from '../ast.ts';

/** The elements of a constant array, ARRAY[1, 2] or '{1,2,NULL}'; undefined for any other node. */
export function arrayMembers(node: Node | undefined): readonly Node[] | undefined {
  const cast = bodyOf(node, 'TypeCast');
  if (cast !== undefined) return arrayMembers(cast.arg);
  const array = bodyOf(node, 'A_ArrayExpr');
  if (array !== undefined) {
    const elements = array.elements ?? [];
    return elements.some((element) => bodyOf(element, 'A_ArrayExpr') !== undefined) ? undefined : elements;
  }
  const { sval, location = -1 } = bodyOf(node, 'A_Const') ?? {};
  const text = sval === undefined ? undefined : constantText(node);
  return text === undefined ? undefined : literalMembers(text, location);
}

const member = /^\s*(?:"((?:[^"\\]|\\.)*)"|([^,{}"\\]*?))\s*(,|\}$)/s;

function literalMembers(text: string, location: number): readonly Node[] | undefined {
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined;
  const members: Node[] = [];
  if (/^\{\s*\}$/.test(text)) return members;
  for (let rest = text.slice(1); rest !== '';) {
    const match = member.exec(rest);
    if (match === null) return undefined; // nested or malformed
    const [whole, quoted, plain = ''] = match;
    if (quoted === undefined && plain === '') return undefined;
    const isNull = quoted === undefined && plain.toUpperCase() === 'NULL';
    const value = isNull ? { isnull: true } : { sval: { sval: quoted?.replace(/\\(.)/gs, '$1') ?? plain } };
    members.push({ A_Const: { ...value, location } });
    rest = rest.slice(whole.length);
  }
  return members;
}
