import { cellText, type Cell, type CellType } from './cell.ts';
import { fail, notSupported } from './compiled.ts';

/** LIKE, in O(text * pattern). @throws Refusal 22025 */
export function isLike(text: string, pattern: string): boolean {
  const tokens = patternTokens(pattern);
  let [at, token, star, mark] = [0, 0, -1, 0];
  while (at < text.length) {
    const wanted = tokens[token];
    if (wanted === '%%') {
      star = token++;
      mark = at;
    } else if (wanted !== undefined && (wanted === '__' || wanted === text[at])) {
      token++;
      at++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++mark;
    } else return false;
  }
  while (tokens[token] === '%%') token++;
  return token === tokens.length;
}

/** The characters of a pattern; `%%` and `__` stand for the wildcards. */
function patternTokens(pattern: string): string[] {
  const tokens: string[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const sign = pattern.charAt(at);
    if (sign === '%' || sign === '_') tokens.push(sign + sign);
    else if (sign !== '\\') tokens.push(sign);
    else if (++at < pattern.length) tokens.push(pattern.charAt(at));
    else fail('22025', 'LIKE pattern must not end with escape character');
  }
  return tokens;
}

/**
 * Regular expressions of bounded cost: characters and classes, at most two of them repeated, and alternatives of words.
 */
const boundedPattern =
  /^(?:(?:[\w\s"'.,:;/@#=<>!&%~-]|\\[.\-$^|()*+?[\]{}\\dsw]|\[[^\]\\[]{1,64}\])[*+?]?|\)\??|[(|^$])*$/;

/** The regular expression of `~`. @throws Refusal 0A000 the pattern is not in the bounded subset */
export function regExpOf(pattern: string, flags: string): RegExp {
  const quantified = pattern.match(/(?<!\\)[*+?]/g)?.length ?? 0;
  if (pattern.length > 1_000 || quantified > 2 || !boundedPattern.test(pattern))
    notSupported('this regular expression');
  try {
    return new RegExp(pattern, `${flags}s`);
  } catch {
    return fail('2201B', 'invalid regular expression');
  }
}

/** The text form of an array, such as `{a,"b c",NULL}`. */
export function arrayText(values: readonly Cell[], type: CellType): string {
  const words = values.map((value) => {
    if (value === null) return 'NULL';
    const text = cellText(value, type);
    return /^[\w.:+-]+$/.test(text) && !/^null$/i.test(text) ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
  });
  return `{${words.join(',')}}`;
}

/** The elements of an array in text form. @throws Refusal 22P02 */
export function elementsOf(text: string): (string | null)[] {
  const body = /^\s*\{([\s\S]*)\}\s*$/.exec(text)?.[1];
  if (body === undefined) fail('22P02', 'malformed array literal');
  const elements: (string | null)[] = [];
  const element = /\s*(?:"((?:[^"\\]|\\[\s\S])*)"|([^",{}\\]*))\s*(,|$)/y;
  if (body.trim() === '') return elements;
  for (;;) {
    const match = element.exec(body);
    if (match === null) return fail('22P02', 'malformed array literal');
    const [, quoted, bare = '', end] = match;
    if (quoted !== undefined) elements.push(quoted.replaceAll(/\\([\s\S])/g, '$1'));
    else elements.push(/^null$/i.test(bare.trim()) ? null : bare.trim());
    if (end === '') return elements;
  }
}
