import type { Node } from 'libpg-query';
import { bodyOf, constantText, lastNameOf } from '../ast.ts';
import { operand } from './expression.ts';
import { typeOf } from './inference.ts';
import { fractionDigits } from './number-text.ts';
import { integerTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import { checkRepeatable } from './repeatable.ts';
import type { Scope } from './scope.ts';

const aboutPatterns =
  'FM, 9, 0, a comma or G for each thousand, a point or D and a sign before or behind that stands for itself ($, %) are translated, 15 digits at most.';

interface Pattern {
  readonly isFilled: boolean;
  readonly before: string;
  readonly digits: number;
  /** Minimum digits, by leading zeros. */
  readonly digitsMin: number;
  readonly hasGroups: boolean;
  /** Decimal places; undefined without a point. */
  readonly places: number | undefined;
  /** Minimum decimal places; further trailing zeros are omitted. */
  readonly placesMin: number;
  readonly behind: string;
}

const shape = /^(FM)?([$ ]?)([09][09,G]*)(?:([.D])([09]+))?([% ]?)$/;

function patternOf(text: string): Pattern | undefined {
  const [all, fill, before = '', whole = '', point, fraction = '', behind = ''] = shape.exec(text) ?? [];
  if (all === undefined) return undefined;
  const bare = whole.replaceAll(/[,G]/g, '');
  const hasGroups = bare.length < whole.length;
  const grouped = inThrees(bare);
  if (bare.length + fraction.length > 15 || (hasGroups && grouped !== whole.replaceAll('G', ','))) return undefined;
  const firstZero = bare.indexOf('0');
  return {
    isFilled: fill === undefined,
    before,
    digits: bare.length,
    digitsMin: firstZero < 0 ? 0 : bare.length - firstZero,
    hasGroups,
    places: point === undefined ? undefined : fraction.length,
    placesMin: fraction.lastIndexOf('0') + 1,
    behind,
  };
}

/** to_char(number, pattern) */
export function printNumberToChar(
  p: Printing,
  [node, format]: readonly Node[],
  scope: Scope,
  location?: number,
): string {
  const type = typeOf(p, node, scope);
  if (type !== 'numeric' && !integerTypes.has(type))
    return refuse('to_char of a double precision', location, 'Cast it to numeric.');
  const pattern = bodyOf(format, 'A_Const')?.sval === undefined ? undefined : patternOf(constantText(format) ?? '');
  if (pattern === undefined) return refuse('to_char of a number with this pattern', location, aboutPatterns);
  checkRepeatable(node, 'to_char');
  const value = operand(p, node, scope);
  const rounded = type === 'numeric' ? `ROUND(${value}, ${pattern.places ?? 0})` : value;
  const absolute = `ABS(${rounded})`;
  const body = wholeText(absolute, pattern) + fractionText(absolute, pattern);
  const width = widthOf(pattern);
  const tooLarge = `${pattern.hasGroups ? groupedSigns(pattern.digits) : '#'.repeat(pattern.digits)}${pattern.places === undefined ? '' : `.${'#'.repeat(pattern.places)}`}`;
  const written = (sign: string, digits: string): string => {
    const signed = sign === '' ? digits : `'${sign}' || ${digits}`;
    const filled = pattern.isFilled ? `RIGHT('${' '.repeat(width)}' || ${signed}, ${width})` : signed;
    const around = [pattern.before, pattern.behind].map((text) => (text === '' ? '' : p.marks.string(text)));
    return [around[0], filled, around[1]].filter((part) => part !== '').join(' || ');
  };
  const limit = `1${'0'.repeat(pattern.digits)}`;
  return [
    `CASE WHEN ${rounded} <= -${limit} THEN ${written('-', `'${tooLarge}'`)}`,
    `WHEN ${rounded} >= ${limit} THEN ${written(pattern.isFilled ? ' ' : '', `'${tooLarge}'`)}`,
    `WHEN ${rounded} < 0 THEN ${written('-', body)}`,
    `WHEN ${rounded} >= 0 THEN ${written(pattern.isFilled ? ' ' : '', body)} END`,
  ].join(' ');
}

const groupedSigns = (digits: number): string => inThrees('#'.repeat(digits));

const inThrees = (text: string): string => text.replaceAll(/(?!^)(?=(?:.{3})+$)/g, ',');

/** Width of the result, including the sign. */
const widthOf = ({ digits, hasGroups, places }: Pattern): number =>
  1 + digits + (hasGroups ? Math.floor((digits - 1) / 3) : 0) + (places === undefined ? 0 : places + 1);

/** The integer digits with leading zeros. */
function wholeText(absolute: string, { digits, digitsMin, hasGroups, isFilled, places, placesMin }: Pattern): string {
  const whole = `ROUND(${absolute}, 0, 1)`;
  const padded = `RIGHT('${'0'.repeat(digits)}' || ${whole}, ${digits})`;
  const least = Math.max(digitsMin, (places ?? 0) > 0 ? 0 : 1);
  const count = `CHAR_LENGTH(CAST(${whole} AS VARCHAR(20)))`;
  const branches = Array.from({ length: digits }, (_, at) => at + 1)
    .filter((size) => size >= least)
    .map((size) => {
      const test =
        size === digits ? 'ELSE' : `WHEN ${size === least ? `${count} <= ${size}` : `${count} = ${size}`} THEN`;
      return `${test} ${hasGroups ? inGroups(padded, digits, size) : `RIGHT(${padded}, ${size})`}`;
    });
  const isZeroAlone = !isFilled && placesMin === 0; // `0.`, if no digit is left
  const zero = isZeroAlone ? [`WHEN ${absolute} = 0 THEN '0'`] : [];
  const none = least === 0 ? [...zero, `WHEN ${whole} = 0 THEN ''`] : [];
  const all = [...none, ...branches];
  return all.length === 1 ? (all[0]?.replace('ELSE ', '') ?? "''") : `CASE ${all.join(' ')} END`;
}

/** The last digits, with thousands separators. */
function inGroups(text: string, digits: number, size: number): string {
  const sizes = [((size - 1) % 3) + 1, ...Array.from({ length: Math.floor((size - 1) / 3) }, () => 3)];
  let from = digits - size + 1;
  const parts = sizes.map((each) => {
    const part = `SUBSTRING(${text}, ${from}, ${each})`;
    from += each;
    return part;
  });
  return parts.join(" || ',' || ");
}

function fractionText(absolute: string, { places, placesMin, isFilled }: Pattern): string {
  if (places === undefined) return '';
  const digits = fractionDigits(absolute, places);
  if (isFilled || placesMin === places) return ` || '.' || ${digits}`;
  const kept = Array.from({ length: places - placesMin }, (_, at) => places - at);
  const branches = kept.map((size) => {
    const isLast = `SUBSTRING(${digits}, ${size}, 1) <> '0'`;
    return `WHEN ${isLast} THEN SUBSTRING(${digits}, 1, ${size})`;
  });
  const rest = placesMin === 0 ? "''" : `SUBSTRING(${digits}, 1, ${placesMin})`;
  return ` || '.' || CASE ${branches.join(' ')} ELSE ${rest} END`;
}

/**
 * The text argument of to_date, simplified: to_date ignores spaces, so that to_char need not leave one for the sign, and constant parts
 * are joined.
 */
export function readText(node: Node): Node {
  const { kind, name, lexpr, rexpr } = bodyOf(node, 'A_Expr') ?? {};
  if (kind === 'AEXPR_OP' && lastNameOf(name) === '||' && lexpr !== undefined && rexpr !== undefined) {
    const sides = [readText(lexpr), readText(rexpr)] as const;
    const texts = sides.map((side) => (bodyOf(side, 'A_Const')?.sval === undefined ? undefined : constantText(side)));
    if (!texts.includes(undefined)) return textNode(texts.join(''));
    return { A_Expr: { ...bodyOf(node, 'A_Expr'), lexpr: sides[0], rexpr: sides[1] } };
  }
  const call = bodyOf(node, 'FuncCall');
  const [value, format] = call?.args ?? [];
  const pattern = /^0{1,9}$/.exec(constantText(format) ?? '')?.[0];
  if (lastNameOf(call?.funcname) !== 'to_char' || pattern === undefined || value === undefined) return node;
  const digits = bodyOf(value, 'A_Const')?.ival === undefined ? '' : (constantText(value) ?? '');
  if (digits !== '' && digits.length <= pattern.length) return textNode(digits.padStart(pattern.length, '0'));
  return { FuncCall: { ...call, args: [value, textNode(`FM${pattern}`)] } };
}

const textNode = (sval: string): Node => ({ A_Const: { sval: { sval }, location: -1 } });
