/** The scale of a function of a numeric: PostgreSQL writes 16 significant digits, and at least the scale of the argument. */
export interface FunctionScale {
  readonly of: RootOrPower;
  /** Scale of the argument. */
  readonly argument: number;
}

type RootOrPower = 'sqrt' | 'exp' | 'ln' | 'log10';

/** The functions with such a scale, by name. */
export const scaledFunctions: ReadonlyMap<string, RootOrPower> = new Map([
  ['sqrt', 'sqrt'],
  ['exp', 'exp'],
  ['ln', 'ln'],
  ['log', 'log10'],
  ['log10', 'log10'],
]);

const digitsThatCount = 16;
/** Maximum scale of a logarithm in IRIS. */
const digitsOfLogarithm = 18;

/** PostgreSQL's scale of a result, which it derives from an estimate of its size. */
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

/** The power of ten of the first non-zero digit; 0 for zero. */
const powerOfTen = (value: number): number => Number(value.toExponential().split('e')[1]);
