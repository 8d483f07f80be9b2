import { functionDigits, type FunctionScale } from './function-scale.ts';

/** Of what a division of numerics gives: PostgreSQL writes 16 digits that count, and at least so many behind the point. */
export interface QuotientScale {
  readonly least: number;
  /** It is the square root of what was divided. */
  readonly isRoot?: boolean;
  /** Where it is zero nothing has been divided. */
  readonly isSpread?: boolean;
  /** It is the quotient multiplied by a constant, which has digits behind the point of its own. */
  readonly times?: { readonly factor: number; readonly digits: number };
}

/** Of a value that may be one of some constants, which keep their own digits, and else has those of all others. */
export interface ChoiceScale {
  readonly others: number;
  /** By the constants, without zeros at their end. */
  readonly constants: ReadonlyMap<string, number>;
}

/** Digits behind the point: so many, or those of what a division or a function gives, or by the value. */
export type NumericScale = number | QuotientScale | FunctionScale | ChoiceScale;

export const isChoice = (scale: NumericScale | undefined): scale is ChoiceScale =>
  typeof scale === 'object' && 'constants' in scale;

export const isQuotient = (scale: NumericScale | undefined): scale is QuotientScale =>
  typeof scale === 'object' && 'least' in scale;

export const isOfFunction = (scale: NumericScale | undefined): scale is FunctionScale =>
  typeof scale === 'object' && 'of' in scale;

/** Whether it has digits without end, of which PostgreSQL writes some. */
export const isRounded = (scale: NumericScale | undefined): boolean => isQuotient(scale) || isOfFunction(scale);

/** How many digits PostgreSQL writes behind the point of a numeric of this scale. */
export function scaleDigits(decimal: string, scale: NumericScale): number {
  if (typeof scale === 'number') return scale;
  if (isChoice(scale)) return scale.constants.get(bareDecimal(decimal)) ?? scale.others;
  if (isOfFunction(scale)) return functionDigits(Number(decimal), scale);
  const { times = { factor: 1, digits: 0 } } = scale;
  return quotientDigits(Number(decimal) / times.factor, scale) + times.digits;
}

/** A decimal without zeros at its end, and with one before its point where there is nothing else. */
export function bareDecimal(decimal: string): string {
  const [, sign = '', whole = '', fraction = ''] = /^\s*(-?)0*(\d*)(?:\.(\d*?)0*)?\s*$/.exec(decimal) ?? [];
  const bare = `${whole === '' ? '0' : whole}${fraction === '' ? '' : `.${fraction}`}`;
  return bare === '0' ? bare : sign + bare;
}

const digitsThatCount = 16;
/** PostgreSQL counts digits by groups of so many. */
const groupDigits = 4;

/**
 * How many digits PostgreSQL writes behind the point of a quotient. It goes by the first groups of digits of what is divided: where
 * those are equal the quotient is taken for one below 1. Of 1 they are; of what is a little more they seldom are.
 */
function quotientDigits(quotient: number, { least, isRoot = false, isSpread = isRoot }: QuotientScale): number {
  const value = Math.abs(quotient) ** (isRoot ? 2 : 1);
  if (value === 0) return isSpread ? 0 : Math.max(least, digitsThatCount + groupDigits);
  const [first = '', power = '0'] = value.toExponential().split('e');
  const isOne = first === '1' && Number(power) % groupDigits === 0;
  const group = Math.floor(Number(power) / groupDigits) - (isOne ? 1 : 0);
  return Math.max(least, digitsThatCount - groupDigits * group, 0);
}

/** A decimal with so many digits behind its point, rounded as PostgreSQL rounds. */
export function withDigits(decimal: string, digits: number): string {
  const [, sign = '', whole = '0', fraction = ''] = /^(-?)(\d+)(?:\.(\d*))?$/.exec(decimal) ?? [];
  const kept = fraction.slice(0, digits).padEnd(digits, '0');
  const isUp = (fraction[digits] ?? '0') >= '5';
  const all = String(BigInt(whole + kept) + (isUp ? 1n : 0n)).padStart(digits + 1, '0');
  const isZero = /^0*$/.test(all);
  const point = all.length - digits;
  return `${isZero ? '' : sign}${all.slice(0, point)}${digits === 0 ? '' : `.${all.slice(point)}`}`;
}
