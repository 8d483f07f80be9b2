import type { Cell, CellType } from './cell.ts';
import { cellTypes, intervalSum, intervalTimes } from './cell.ts';
import { areDecimal, decimal, fail, type Compiled, type Run, type Row, type Typed } from './compiled.ts';
import { as, cast, commonType, numberAs, typed } from './conversion.ts';
import { isLike, regExpOf } from './matching.ts';
import type { Parameters } from './parameters.ts';

type Value = Exclude<Cell, null>;

/** Compares two values: negative, zero or positive. NaN is greater than all numbers; texts compare by code units (collation "C"). */
export function compare(one: Value, other: Value): number {
  if (typeof one === 'number' && typeof other === 'number') {
    if (Number.isNaN(one) || Number.isNaN(other)) return Number(Number.isNaN(one)) - Number(Number.isNaN(other));
  }
  return one === other ? 0 : one < other ? -1 : 1;
}

const comparisons: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

const patterns: Readonly<Record<string, (pattern: string) => (text: string) => boolean>> = {
  '~~': (pattern) => (text) => isLike(text, pattern),
  '~~*': (pattern) => (text) => isLike(text.toLowerCase(), pattern.toLowerCase()),
  '~': (pattern) => (text) => regExpOf(pattern, '').test(text),
  '~*': (pattern) => (text) => regExpOf(pattern, 'i').test(text),
};

/** Makes a strict operator: NULL if an operand is NULL. */
export function strict(
  type: CellType,
  operands: readonly Compiled[],
  apply: (values: readonly Value[], run: Run) => Cell,
): Typed {
  return {
    type,
    isConstant: operands.every(({ isConstant }) => isConstant === true),
    evaluate: (row: Row, run: Run) => {
      const values: Value[] = [];
      for (const operand of operands) {
        const value = operand.evaluate(row, run);
        if (value === null) return null;
        values.push(value);
      }
      return apply(values, run);
    },
  };
}

export class Operators {
  readonly #parameters: Parameters;

  constructor(parameters: Parameters) {
    this.#parameters = parameters;
  }

  binary(name: string, one: Compiled, other: Compiled, location?: number): Typed {
    const [left, right] = [this.#typedElement(one, other), this.#typedElement(other, one)];
    const operator = name === '!=' ? '<>' : name;
    if (operator in comparisons) return this.comparison(operator, left, right, location);
    const isNot = operator.startsWith('!');
    const pattern = patterns[isNot ? operator.slice(1) : operator];
    if (pattern !== undefined) {
      const isText = ({ type }: Compiled): boolean => type === 'unknown' || type === 'text';
      if (!isText(left) || !isText(right)) return this.#noSuchOperator(operator, left, right, location);
      return this.#patternMatch(pattern, isNot, [left, right]);
    }
    if (operator === '||') return this.#concatenation(left, right, location);
    return this.#arithmetic(operator, left, right, location);
  }

  /** Gives an array element the type of the other operand. */
  #typedElement(one: Compiled, { type, isElement }: Compiled): Compiled {
    if (one.isElement !== true || isElement === true || type === 'unknown') return one;
    return cast(one, type, this.#parameters);
  }

  comparison(operator: string, left: Compiled, right: Compiled, location?: number): Typed {
    const type = commonType(left.type, right.type);
    const holds = comparisons[operator];
    if (type === undefined || holds === undefined) return this.#noSuchOperator(operator, left, right, location);
    const [one, other] = [as(left, type, this.#parameters), as(right, type, this.#parameters)];
    return strict('bool', [one, other], ([a, b]) => holds(compare(a as Value, b as Value)));
  }

  minus(operand: Compiled, location?: number): Typed {
    if (operand.type !== 'unknown' && !isNumber(operand.type) && operand.type !== 'interval')
      fail('42883', `operator does not exist: - ${cellTypes[operand.type].name}`, location);
    const value = operand.type === 'unknown' ? as(operand, 'float8', this.#parameters) : (operand as Typed);
    return { ...strict(value.type, [value], ([number]) => -Number(number)), ...decimal(value.isDecimal) };
  }

  #patternMatch(
    of: (pattern: string) => (text: string) => boolean,
    isNot: boolean,
    operands: readonly Compiled[],
  ): Typed {
    const texts = operands.map((operand) => as(operand, 'text', this.#parameters));
    return strict('bool', texts, ([text, pattern]) => of(String(pattern))(String(text)) !== isNot);
  }

  /** `||` with a text; the other operand is converted to text. */
  #concatenation(left: Compiled, right: Compiled, location?: number): Typed {
    const operands = [left, right].map((operand) => typed(operand, this.#parameters));
    if (!operands.some(({ type }) => type === 'text')) return this.#noSuchOperator('||', left, right, location);
    const texts = operands.map((operand) => cast(operand, 'text', this.#parameters));
    return strict('text', texts, (values) => values.join(''));
  }

  #arithmetic(operator: string, left: Compiled, right: Compiled, location?: number): Typed {
    const [one, other] = this.#typedOperands(operator, left, right);
    const numbers = isNumber(one.type) && isNumber(other.type) ? commonType(one.type, other.type) : undefined;
    if (numbers !== undefined) {
      const apply = numberOperators[operator];
      const isDecimal = areDecimal([one, other]);
      if (
        apply === undefined ||
        (integerOperators.has(operator) && numbers === 'float8' && !(operator === '%' && isDecimal))
      )
        return this.#noSuchOperator(operator, left, right, location);
      const type = operator === '^' ? 'float8' : numbers;
      const value = strict(type, [one, other], ([a, b]) => {
        const result =
          isDecimal && operator === '%'
            ? remainder(Number(a), Number(b))
            : apply(Number(a), Number(b), type !== 'float8');
        return numberAs(isDecimal ? withoutRoundingError(result) : result, type);
      });
      return { ...value, ...decimal(isDecimal) };
    }
    const timed = timeOperators[timeOperatorKey(one.type, operator, other.type)];
    if (timed === undefined) return this.#noSuchOperator(operator, left, right, location);
    return strict(timed.type, [one, other], ([a, b]) => timed.of(Number(a), Number(b)));
  }

  /** Types the operands: an `unknown` one takes the type of the other, or interval beside a timestamp. */
  #typedOperands(operator: string, left: Compiled, right: Compiled): [Typed, Typed] {
    const beside = (type: Compiled['type']): CellType =>
      type === 'unknown' ? 'float8' : isTimeType(type) ? (operator === '-' ? type : typeBesideTime[type]) : type;
    const settle = (one: Compiled, other: Compiled): Typed =>
      one.type === 'unknown' ? as(one, beside(other.type), this.#parameters) : (one as Typed);
    return [settle(left, right), settle(right, left)];
  }

  #noSuchOperator(operator: string, left: Compiled, right: Compiled, location?: number): never {
    const name = ({ type }: Compiled): string => (type === 'unknown' ? 'unknown' : cellTypes[type].name);
    return fail('42883', `operator does not exist: ${name(left)} ${operator} ${name(right)}`, location);
  }
}

export const isNumber = (type: Compiled['type']): boolean => type === 'int4' || type === 'int8' || type === 'float8';
const typeBesideTime = { timestamptz: 'interval', date: 'int4' } as const;
const isTimeType = (type: CellType): type is keyof typeof typeBesideTime => type in typeBesideTime;
/** The operator's key by kinds of operands; an integer is a number of days beside a date. */
function timeOperatorKey(one: CellType, operator: string, other: CellType): string {
  const isDay = one === 'date' || other === 'date';
  const kindOf = (type: CellType): string => (isDay && type === 'int4' ? 'integer' : isNumber(type) ? 'number' : type);
  return `${kindOf(one)} ${operator} ${kindOf(other)}`;
}

const numberOperators: Readonly<Record<string, (a: number, b: number, isWhole: boolean) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b, isWhole) => (isWhole ? Math.trunc(a / divisor(b)) : a / divisor(b)),
  '%': (a, b) => a % divisor(b),
  '&': (a, b) => Number(BigInt(a) & BigInt(b)),
  '|': (a, b) => Number(BigInt(a) | BigInt(b)),
  '^': (a, b) => a ** b,
};

/** Operators for integers only. */
const integerOperators: ReadonlySet<string> = new Set(['%', '&', '|']);

/** Removes the rounding error of doubles from a decimal result. */
const withoutRoundingError = (value: number): number => Number(value.toPrecision(15));

function remainder(a: number, b: number): number {
  const scale = 10 ** Math.max(...[a, b].map((value) => String(value).split('.')[1]?.length ?? 0));
  return (Math.round(a * scale) % divisor(Math.round(b * scale))) / scale;
}

function divisor(value: number): number {
  return value === 0 ? fail('22012', 'division by zero') : value;
}

const dayMs = 86_400_000;

const timeOperators: Readonly<Record<string, { readonly type: CellType; of(a: number, b: number): number }>> = {
  'date - date': { type: 'int4', of: (a, b) => (a - b) / dayMs },
  'date + integer': { type: 'date', of: (a, b) => a + b * dayMs },
  'integer + date': { type: 'date', of: (a, b) => a * dayMs + b },
  'date - integer': { type: 'date', of: (a, b) => a - b * dayMs },
  'date + interval': { type: 'timestamptz', of: (a, b) => a + b },
  'date - interval': { type: 'timestamptz', of: (a, b) => a - b },
  'date - timestamptz': { type: 'interval', of: (a, b) => a - b },
  'timestamptz - date': { type: 'interval', of: (a, b) => a - b },
  'timestamptz - timestamptz': { type: 'interval', of: (a, b) => a - b },
  'timestamptz + interval': { type: 'timestamptz', of: (a, b) => a + b },
  'timestamptz - interval': { type: 'timestamptz', of: (a, b) => a - b },
  'interval + timestamptz': { type: 'timestamptz', of: (a, b) => a + b },
  'interval + interval': { type: 'interval', of: intervalSum },
  'interval - interval': { type: 'interval', of: (a, b) => intervalSum(a, -b) },
  'interval * number': { type: 'interval', of: intervalTimes },
  'number * interval': { type: 'interval', of: (a, b) => intervalTimes(b, a) },
  'interval / number': { type: 'interval', of: (a, b) => intervalTimes(a, 1 / divisor(b)) },
};
