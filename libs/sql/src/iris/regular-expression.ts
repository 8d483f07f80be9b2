import type { A_Expr, Node } from 'libpg-query';
import { bodyOf, constantText, lastNameOf } from '../ast.ts';
import { classMembers } from './character-class.ts';

/** Maximum number of LIKE tests for one regular expression. */
const likesMax = 100;

/** Rewrites a regular expression test as equivalent LIKE tests; undefined if there are none. */
export function asLike(expression: A_Expr): Node | undefined {
  const { kind, name, lexpr, rexpr, location = -1 } = expression;
  const operator = lastNameOf(name) ?? '';
  const isSimilar = kind === 'AEXPR_SIMILAR';
  const regex = isSimilar ? similarPattern(rexpr) : constantOf(rexpr);
  const patterns = regex === undefined ? undefined : likePatterns(regex, isSimilar);
  if (patterns === undefined || lexpr === undefined) return undefined;
  const isNegated = operator.startsWith('!');
  const test = operator.endsWith('*') ? 'AEXPR_ILIKE' : 'AEXPR_LIKE';
  const args = patterns.map((pattern) => likeNode(test, isNegated ? '!~~' : '~~', lexpr, pattern, location));
  return args.length === 1 ? args[0] : { BoolExpr: { boolop: isNegated ? 'AND_EXPR' : 'OR_EXPR', args, location } };
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

/** The pattern of SIMILAR TO; undefined with a custom ESCAPE. */
function similarPattern(node: Node | undefined): string | undefined {
  const call = bodyOf(node, 'FuncCall');
  return lastNameOf(call?.funcname) === 'similar_to_escape' && call?.args?.length === 1
    ? constantOf(call.args[0])
    : undefined;
}

/**
 * Expands a regular expression to LIKE patterns. Supported: anchors at the ends, `.`, `.*`, `.+`, escapes, `a|b`, groups, character
 * classes, and `?`, as long as a few patterns result.
 */
function likePatterns(regex: string, isSimilar: boolean): readonly string[] | undefined {
  const reader = new RegexReader(regex, isSimilar);
  const patterns = reader.read();
  return patterns === undefined ? undefined : [...new Set(patterns)];
}

/** Thrown for a pattern that LIKE cannot express. */
class NoLike extends Error {}

class RegexReader {
  readonly #signs: readonly string[];
  readonly #isSimilar: boolean;
  #at = 0;
  #depth = 0;

  constructor(regex: string, isSimilar: boolean) {
    this.#signs = regex.match(/\\.|[^\\]|\\$/gsu) ?? [];
    this.#isSimilar = isSimilar;
  }

  read(): readonly string[] | undefined {
    try {
      const patterns = this.#branches((branch) => this.#anchored(branch));
      return this.#at === this.#signs.length ? patterns : undefined;
    } catch (error) {
      if (error instanceof NoLike) return undefined;
      throw error;
    }
  }

  /** Parses alternatives up to the end of the pattern or group. */
  #branches(branch: (read: () => readonly string[]) => readonly string[]): readonly string[] {
    const all: string[] = [];
    do all.push(...branch(() => this.#sequence()));
    while (this.#take('|'));
    if (all.length > likesMax) throw new NoLike();
    return all;
  }

  /** Parses a branch with its anchors; without an anchor, `%` is added. */
  #anchored(read: () => readonly string[]): readonly string[] {
    if (this.#isSimilar) return read();
    const isFromStart = this.#take('^');
    const inner = read();
    const isToEnd = this.#take('$');
    return inner.map((like) => `${isFromStart ? '' : '%'}${like}${isToEnd ? '' : '%'}`);
  }

  #sequence(): readonly string[] {
    let all: readonly string[] = [''];
    for (let atom = this.#atom(); atom !== undefined; atom = this.#atom()) {
      const next = atom;
      all = all.flatMap((before) => next.map((each) => before + each));
      if (all.length > likesMax) throw new NoLike();
    }
    return all;
  }

  /** Undefined at the end of a sequence. */
  #atom(): readonly string[] | undefined {
    const sign = this.#signs[this.#at];
    if (sign === undefined || sign === '|' || sign === ')' || (sign === '$' && !this.#isSimilar)) return undefined;
    this.#at++;
    if (sign === '.' && !this.#isSimilar) return this.#any();
    const one = this.#one(sign);
    if (this.#take('?')) return this.#signs[this.#at] === '?' ? fail() : [...one, ''];
    if (this.#isLast('+')) return one;
    if (this.#isLast('*')) return [''];
    return ['*', '+', '{'].includes(this.#signs[this.#at] ?? '') ? fail() : one;
  }

  /** Whether a repeat is at the end of an unanchored branch, where its upper bound does not matter. */
  #isLast(sign: string): boolean {
    const next = this.#signs[this.#at + 1] ?? '|';
    return !this.#isSimilar && this.#depth === 0 && next === '|' && this.#take(sign);
  }

  #any(): readonly string[] {
    const like = this.#take('*') ? '%' : this.#take('+') ? '_%' : '_';
    const more = this.#signs[this.#at] ?? '';
    if (like === '_' && this.#take('?')) return ['_', ''];
    return ['?', '*', '+', '{'].includes(more) ? fail() : [like];
  }

  #one(sign: string): readonly string[] {
    if (sign === '(') return this.#group();
    if (sign === '[') return this.#class();
    if (sign === '\\d' && !this.#isSimilar) return Array.from('0123456789');
    if (sign.startsWith('\\')) return /^\\[^A-Za-z0-9]$/u.test(sign) ? [literal(sign.slice(1))] : fail();
    if (this.#isSimilar && (sign === '%' || sign === '_')) return [sign];
    return /^[*+?{}\]^]$/.test(sign) ? fail() : [literal(sign)];
  }

  #group(): readonly string[] {
    if (this.#take('?') && !this.#take(':')) return fail();
    this.#depth++;
    const all = this.#branches((read) => read());
    this.#depth--;
    return this.#take(')') ? all : fail();
  }

  #class(): readonly string[] {
    const end = this.#signs.indexOf(']', this.#at);
    const inside = this.#signs.slice(this.#at, end).join('');
    const members = end <= this.#at || /^\^|[[]/.test(inside) ? undefined : classMembers(inside);
    this.#at = end + 1;
    return members === undefined ? fail() : members.map(literal);
  }

  #take(sign: string): boolean {
    if (this.#signs[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }
}

const fail = (): never => {
  throw new NoLike();
};

/** Escapes a character for LIKE. */
const literal = (character: string): string => (/^[\\%_]$/.test(character) ? `\\${character}` : character);
