import type { FuncCall, WindowDef } from 'libpg-query';
import { operand } from './expression.ts';
import { typeOf } from './inference.ts';
import { integerTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import { checkRepeatable } from './repeatable.ts';
import { printOver } from './running.ts';
import type { Scope } from './scope.ts';

interface Spread {
  readonly isRoot: boolean;
  readonly isSample: boolean;
}

/** Aggregates that IRIS does not support as window functions. */
export const spreads: ReadonlyMap<string, Spread> = new Map([
  ['stddev', { isRoot: true, isSample: true }],
  ['stddev_samp', { isRoot: true, isSample: true }],
  ['stddev_pop', { isRoot: true, isSample: false }],
  ['variance', { isRoot: false, isSample: true }],
  ['var_samp', { isRoot: false, isSample: true }],
  ['var_pop', { isRoot: false, isSample: false }],
]);

/** Prints them by sums of values and squares, which are exact for integers and numerics but not for floats. */
export function printSpread(
  p: Printing,
  { isRoot, isSample }: Spread,
  { args = [], location }: FuncCall,
  window: WindowDef,
  scope: Scope,
): string {
  const [arg] = args;
  const type = typeOf(p, arg, scope);
  if (type !== 'numeric' && !integerTypes.has(type))
    return refuse('the spread of a double precision in a window', location, 'Cast it to numeric.');
  checkRepeatable(arg, 'the spread in a window');
  const value = operand(p, arg, scope);
  const over = printOver(p, window, [], scope);
  const count = `COUNT(${value}) ${over}`;
  const sum = `SUM(${value}) ${over}`;
  const squares = `(${count} * SUM(${value} * ${value}) ${over} - ${sum} * ${sum})`;
  const [least, divisor] = isSample ? [2, `(${count} * (${count} - 1))`] : [1, `(${count} * ${count})`];
  const variance = `${squares} / ${divisor}`;
  return `CASE WHEN ${count} >= ${least} THEN ${isRoot ? `SQRT(${variance})` : variance} END`;
}
