import type { JsonValue } from './contract.ts';

/** A value to write as JSON; fields and items may be undefined. */
export type JsonLike =
  JsonValue | readonly (JsonLike | undefined)[] | { readonly [name: string]: JsonLike | undefined };

/**
 * JSON text with exactly one form per value: names in code-unit order, no spaces, numbers as in ECMAScript (RFC 8785,
 * except that a lone surrogate is escaped instead of refused). Endorsers that compute the same value write the same
 * bytes. Undefined fields and items are left out. A value whose objects already have sorted names costs a third,
 * because JSON.stringify then gives this text.
 * @throws TypeError for values without a JSON form: NaN, infinities, functions
 */
export function canonicalJson(value: JsonLike): string {
  return isInOrder(value) ? JSON.stringify(value) : spelled(value);
}

/** Whether JSON.stringify gives the canonical form: every object has sorted names, no list has holes. */
function isInOrder(value: JsonLike): boolean {
  if (typeof value !== 'object' || value === null) return isScalar(value);
  if (isList(value)) return value.every((item) => item !== undefined && isInOrder(item));
  let last = '';
  for (const name of Object.keys(value)) {
    if (name < last) return false;
    last = name;
    const field = value[name];
    if (field !== undefined && !isInOrder(field)) return false;
  }
  return true;
}

function spelled(value: JsonLike): string {
  if (typeof value !== 'object' || value === null) return isScalar(value) ? JSON.stringify(value) : '';
  if (isList(value)) return '[' + value.flatMap((item) => (item === undefined ? [] : [spelled(item)])).join(',') + ']';
  let text = '';
  for (const name of Object.keys(value).sort()) {
    const field = value[name];
    if (field !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${spelled(field)}`;
  }
  return '{' + text + '}';
}

/** @throws TypeError for a value that is not a JSON scalar */
function isScalar(value: unknown): boolean {
  const type = typeof value;
  if (type === 'string' || type === 'boolean' || value === null || Number.isFinite(value)) return true;
  if (type === 'number') throw new TypeError('a number that is not finite has no JSON text');
  throw new TypeError(`a value of type ${type} has no JSON text`);
}

const isList = (value: object): value is readonly (JsonLike | undefined)[] => Array.isArray(value);
