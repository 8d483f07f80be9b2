import { functionDigits, type FunctionScale } from './function-scale.ts';

/** The scale of a quotient of numerics: PostgreSQL writes 16 significant digits, and at least the scale `least`. */
export interface QuotientScale {
  readonly least: number;
  /** The square root was taken of the quotient. */
  readonly isRoot?: boolean;
  /** A zero was not computed by a division. */
  readonly isSpread?: boolean;
  /** The quotient is multiplied by a constant of this scale. */
  readonly times?: { readonly factor: number; readonly digits: number };
}

/** The scale of a value that may be one of some constants, which keep their own scales. */
export interface ChoiceScale {
  readonly others: number;
  /** Scales by constant (without trailing zeros). */
  readonly constants: ReadonlyMap<string, number>;
}

/** A fixed scale, or how to compute the scale of each value. */
export type NumericScale = number | QuotientScale | FunctionScale | ChoiceScale;

export const isChoice = (scale: NumericScale | undefined): scale is ChoiceScale =>
  typeof scale === 'object' && 'constants' in scale;

export const isQuotient = (scale: NumericScale | undefined): scale is QuotientScale =>
  typeof scale === 'object' && 'least' in scale;

export const isOfFunction = (scale: NumericScale | undefined): scale is FunctionScale =>
  typeof scale === 'object' && 'of' in scale;

/** Whether the value is rounded (a quotient or function). */
export const isRounded = (scale: NumericScale | undefined): boolean => isQuotient(scale) || isOfFunction(scale);

/** PostgreSQL's scale of a value. */
export function scaleDigits(decimal: string, scale: NumericScale): number {
  if (typeof scale === 'number') return scale;
  if (isChoice(scale)) return scale.constants.get(bareDecimal(decimal)) ?? scale.others;
  if (isOfFunction(scale)) return functionDigits(Number(decimal), scale);
  const { times = { factor: 1, digits: 0 } } = scale;
  return quotientDigits(Number(decimal) / times.factor, scale) + times.digits;
}

/** A decimal without trailing zeros, but with a leading zero. */
export function bareDecimal(decimal: string): string {
  const [, sign = '', whole = '', fraction = ''] = /^\s*(-?)0*(\d*)(?:\.(\d*?)0*)?\s*$/.exec(decimal) ?? [];
  const bare = `${whole === '' ? '0' : whole}${fraction === '' ? '' : `.${fraction}`}`;
  return bare === '0' ? bare : sign + bare;
}

const digitsThatCount = 16;
/** Digits per base-10000 digit of PostgreSQL's numeric. */
const groupDigits = 4;

/**
 * PostgreSQL's scale of a quotient (select_div_scale), which is estimated from the first base-10000 digits of dividend and divisor. If these
 * are equal, the quotient is assumed to be below 1: always for 1, and rarely for slightly more.
 */
function quotientDigits(quotient: number, { least, isRoot = false, isSpread = isRoot }: QuotientScale): number {
  const value = Math.abs(quotient) ** (isRoot ? 2 : 1);
  if (value === 0) return isSpread ? 0 : Math.max(least, digitsThatCount + groupDigits);
  const [first = '', power = '0'] = value.toExponential().split('e');
  const isOne = first === '1' && Number(power) % groupDigits === 0;
  const group = Math.floor(Number(power) / groupDigits) - (isOne ? 1 : 0);
  return Math.max(least, digitsThatCount - groupDigits * group, 0);
}

/** Rounds or pads a decimal to a scale as PostgreSQL does. */
export function withDigits(decimal: string, digits: number): string {
  const [, sign = '', whole = '0', fraction = ''] = /^(-?)(\d+)(?:\.(\d*))?$/.exec(decimal) ?? [];
  const kept = fraction.slice(0, digits).padEnd(digits, '0');
  const isUp = (fraction[digits] ?? '0') >= '5';
  const all = String(BigInt(whole + kept) + (isUp ? 1n : 0n)).padStart(digits + 1, '0');
  const isZero = /^0*$/.test(all);
  const point = all.length - digits;
  return `${isZero ? '' : sign}${all.slice(0, point)}${digits === 0 ? '' : `.${all.slice(point)}`}`;
}
