/** Of what a function of a numeric gives: PostgreSQL writes 16 digits that count, and as many behind the point as its argument has. */
export interface FunctionScale {
  readonly of: RootOrPower;
  /** Digits behind the point of the argument. */
  readonly argument: number;
}

type RootOrPower = 'sqrt' | 'exp' | 'ln' | 'log10';

/** By the names of the functions that are so. */
export const scaledFunctions: ReadonlyMap<string, RootOrPower> = new Map([
  ['sqrt', 'sqrt'],
  ['exp', 'exp'],
  ['ln', 'ln'],
  ['log', 'log10'],
  ['log10', 'log10'],
]);

const digitsThatCount = 16;
/** IRIS gives no more behind the point of a logarithm. */
const digitsOfLogarithm = 18;

/** How many digits PostgreSQL writes behind the point of a result. It goes by an estimate of how large that becomes. */
export function functionDigits(result: number, { of, argument }: FunctionScale): number {
  const digits = Math.max(digitsThatCount - magnitude(result, of), argument, 0);
  return of === 'ln' || of === 'log10' ? Math.min(digits, Math.max(digitsOfLogarithm, argument)) : digits;
}

function magnitude(result: number, of: RootOrPower): number {
  if (of === 'sqrt') return 2 * Math.floor(powerOfTen(result ** 2) / 4) + 1; // half the groups of four digits of the argument
  if (result === 0) return 0;
  if (of === 'exp') return Math.trunc(Math.log10(Math.abs(result)));
  const logarithm = of === 'ln' ? result : result * Math.LN10;
  const beyondOne = Number(Math.expm1(logarithm).toPrecision(12));
  if (Math.abs(beyondOne) <= 0.1) return powerOfTen(beyondOne);
  return Math.trunc(Math.log10(Math.abs(logarithm)));
}

/** Of the first digit that is no zero; 0 of zero. */
const powerOfTen = (value: number): number => Number(value.toExponential().split('e')[1]);
