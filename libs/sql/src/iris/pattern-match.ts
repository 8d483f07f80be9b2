import type { A_Expr } from 'libpg-query';
import { bodyOf, constantText, lastNameOf } from '../ast.ts';
import { classOf } from './character-class.ts';

/** A part of an ObjectScript pattern, its repeat count, and whether it matches an empty text. */
interface Part {
  readonly code: string;
  readonly least: number;
  readonly most: number | undefined;
  readonly needsMore: boolean;
}

const partsMax = 100;

/**
 * The %PATTERN equivalent of a regular expression of digits, plain characters, `.`, groups and repeat counts; undefined for others, and if
 * an empty text might match, which is a character 0 in ObjectScript.
 */
export function asPattern({ kind, name, rexpr }: A_Expr): string | undefined {
  const operator = lastNameOf(name) ?? '';
  const regex = bodyOf(rexpr, 'A_Const')?.sval === undefined ? undefined : constantText(rexpr);
  if (kind !== 'AEXPR_OP' || regex === undefined) return undefined;
  if (operator.endsWith('*') && /\p{L}/u.test(regex.replaceAll('\\d', ''))) return undefined;
  const isFromStart = regex.startsWith('^');
  const isToEnd = /(?:^|[^\\])(?:\\\\)*\$$/.test(regex);
  const signs: readonly string[] =
    regex.slice(isFromStart ? 1 : 0, isToEnd ? -1 : undefined).match(/\\.|\[[^\]]*\]|\{[^}]*\}|[^\\]|\\$/gsu) ?? [];
  if (signs.includes('|') && !signs.includes('(')) return undefined; // anchors would belong to one branch only
  const parts = sequenceOf(signs, { at: 0 }, false);
  if (parts === undefined || parts.length > partsMax || !parts.some(({ needsMore }) => needsMore)) return undefined;
  return `${isFromStart ? '' : '.E'}${written(parts)}${isToEnd ? '' : '.E'}`;
}

const written = (parts: readonly Part[]): string =>
  parts
    .map(({ code, least, most }) => `${least === most ? least : `${least === 0 ? '' : least}.${most ?? ''}`}${code}`)
    .join('');

function sequenceOf(signs: readonly string[], place: { at: number }, isInGroup: boolean): readonly Part[] | undefined {
  const parts: Part[] = [];
  for (let sign = signs[place.at]; sign !== undefined; sign = signs[place.at]) {
    if (isInGroup && (sign === '|' || sign === ')')) return parts;
    place.at++;
    const atom = sign === '(' ? groupOf(signs, place) : atomOf(sign);
    const often = timesOf(signs, place);
    if (atom === undefined || often === undefined) return undefined;
    parts.push({ ...atom, ...often, needsMore: atom.needsMore && often.least > 0 });
  }
  return isInGroup ? undefined : parts;
}

type Atom = Pick<Part, 'code' | 'needsMore'>;

function atomOf(sign: string): Atom | undefined {
  if (sign === '.') return { code: 'E', needsMore: false };
  if (sign === '\\d' || sign === '[0-9]' || sign === '[\\d]') return { code: 'N', needsMore: true };
  if (sign.startsWith('[')) return classAtom(sign);
  const plain = /^\\[^A-Za-z0-9]$/u.test(sign) ? sign.slice(1) : sign;
  return plain.length > 1 || plain === '"' || (plain === sign && /^[\\^$|?*+()[\]{}]$/.test(sign))
    ? undefined
    : { code: `"${plain}"`, needsMore: true };
}

/** A character class as alternatives, as pattern codes include more letters than a range. */
function classAtom(sign: string): Atom | undefined {
  const { members = [], isNegated = true } = classOf(sign) ?? {};
  if (isNegated || members.length === 0 || members.includes('"')) return undefined;
  return { code: `(${members.map((member) => `1"${member}"`).join(',')})`, needsMore: true };
}

/** A group of non-empty alternatives. */
function groupOf(signs: readonly string[], place: { at: number }): Atom | undefined {
  if (signs[place.at] === '?') {
    if (signs[place.at + 1] !== ':') return undefined;
    place.at += 2;
  }
  const branches: (readonly Part[])[] = [];
  do {
    const branch = sequenceOf(signs, place, true);
    if (branch === undefined || branch.length === 0) return undefined;
    branches.push(branch);
  } while (signs[place.at++] === '|');
  return {
    code: `(${branches.map(written).join(',')})`,
    needsMore: branches.every((branch) => branch.some(({ needsMore }) => needsMore)),
  };
}

function timesOf(signs: readonly string[], place: { at: number }): Pick<Part, 'least' | 'most'> | undefined {
  const sign = signs[place.at] ?? '';
  const [, low, comma, high] = /^\{(\d{1,3})(?:(,)(\d{1,3})?)?\}$/.exec(sign) ?? [];
  const isTimes = low !== undefined || ['*', '+', '?'].includes(sign);
  if (!isTimes) return { least: 1, most: 1 };
  place.at++;
  if (['?', '*', '+'].includes(signs[place.at] ?? '') || signs[place.at]?.startsWith('{') === true) return undefined;
  if (low !== undefined) {
    const most = comma === undefined ? Number(low) : high === undefined ? undefined : Number(high);
    return most !== undefined && most < Number(low) ? undefined : { least: Number(low), most };
  }
  return sign === '?' ? { least: 0, most: 1 } : { least: sign === '+' ? 1 : 0, most: undefined };
}
