import type { Node } from 'libpg-query';

/** The name of a node's kind, such as `SelectStmt`. */
export type NodeKind = Node extends infer Each ? (Each extends unknown ? keyof Each : never) : never;

/** The body of a node of this kind. */
export type NodeBody<Kind extends NodeKind> = Extract<Node, Record<Kind, unknown>>[Kind];

/** The kind of a node, which is the name of its only field. */
export function kindOf(node: Node): NodeKind {
  for (const kind in node) return kind as NodeKind;
  throw new TypeError('a node without a kind');
}

/** The body of a node if it is of this kind. */
export function bodyOf<Kind extends NodeKind>(node: Node | undefined, kind: Kind): NodeBody<Kind> | undefined {
  return (node as Partial<Record<Kind, NodeBody<Kind>>> | undefined)?.[kind];
}

const places: ReadonlySet<string> = new Set([
  'location', 'list_start', 'list_end', 'rexpr_list_start', 'rexpr_list_end',
]); // prettier-ignore

/** Whether a field holds only a location in the text. */
export const isPlace = (field: string): boolean => places.has(field);

/** Whether any node in a part of a statement satisfies `test`; subqueries are tested but not entered. */
export function hasPart(part: unknown, test: (node: Node) => boolean): boolean {
  if (typeof part !== 'object' || part === null) return false;
  const node = part as Node;
  return test(node) || (!('SubLink' in part) && Object.values(part).some((each) => hasPart(each, test)));
}

/** The strings of a list: the parts of a qualified name or operator, or several names. */
export function namesOf(nodes: readonly Node[] | undefined): string[] {
  const names: string[] = [];
  for (const node of nodes ?? []) {
    const name = bodyOf(node, 'String')?.sval;
    if (name !== undefined) names.push(name);
  }
  return names;
}

/** The last string of the list: an operator or function name without its schema. */
export function lastNameOf(nodes: readonly Node[] | undefined): string | undefined {
  return bodyOf(nodes?.at(-1), 'String')?.sval;
}

/** Converts numerals such as `0xff_ff`, which only PostgreSQL reads, to plain decimal digits. */
function decimal(numeral: string): string {
  const bare = numeral.replaceAll('_', '');
  return /^0[xob]/i.test(bare) ? BigInt(bare).toString() : bare;
}

/** The text of a constant as SET and set_config take it; undefined for NULL and for non-constants. */
export function constantText(node: Node | undefined): string | undefined {
  const constant = bodyOf(node, 'A_Const');
  if (constant === undefined || constant.isnull === true) return undefined;
  if (constant.sval !== undefined) return constant.sval.sval ?? '';
  if (constant.ival !== undefined) return String(constant.ival.ival ?? 0);
  if (constant.fval !== undefined) return decimal(constant.fval.fval ?? '0');
  if (constant.boolval !== undefined) return constant.boolval.boolval === true ? 'true' : 'false';
  return constant.bsval?.bsval;
}
