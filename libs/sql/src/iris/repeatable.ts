import type { FuncCall } from 'libpg-query';
import { namesOf } from '../ast.ts';
import { volatilityOf } from '../known-functions.ts';
import { placeOf, refuse } from './refusal.ts';

/** Whether a part of a statement has the same value each time, so that it may be repeated in the translation. */
export function isRepeatable(part: object): boolean {
  const answer = known.get(part) ?? hasOnlyRepeatable(part);
  known.set(part, answer);
  return answer;
}

/** A cache, as each outer query checks its subqueries again. */
const known = new WeakMap<object, boolean>();

function hasOnlyRepeatable(part: object): boolean {
  let isSo = true;
  JSON.stringify(part, (kind, value: unknown) => {
    const words = kind === 'FuncCall' ? namesOf((value as FuncCall).funcname) : undefined;
    const volatility = words && volatilityOf(words.at(-1) ?? '', words.length > 1 ? words[0] : undefined);
    if (volatility === 'volatile' || volatility === 'unknown') isSo = false;
    return value;
  });
  return isSo;
}

/** @throws Refusal */
export function checkRepeatable(part: object | undefined, what: string): void {
  if (part !== undefined && !isRepeatable(part))
    refuse(`${what} of a function that may answer otherwise the next time`, placeOf(part), 'It would run twice.');
}
