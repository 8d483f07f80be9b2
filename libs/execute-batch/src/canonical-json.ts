import type { JsonValue } from './contract.ts';

/**
 * JSON text of one spelling per value: names in code-unit order, no spaces, numbers as ECMAScript writes them (RFC 8785, but a lone
 * surrogate is escaped instead of refused). Endorsers that compute the same value write the same bytes. A value whose objects were
 * built in order costs a third: the engine's own writer then spells it so.
 * @throws TypeError for what JSON has no word for: NaN, infinities, undefined, functions
 */
export function canonicalJson(value: JsonValue): string {
  return isInOrder(value) ? JSON.stringify(value) : spelled(value);
}

/** Whether every object has its names in order. */
function isInOrder(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) {
    checkScalar(value);
    return true;
  }
  if (isList(value)) return value.every(isInOrder);
  let last = '';
  for (const name of Object.keys(value)) {
    if (name < last || !isInOrder(value[name] as JsonValue)) return false;
    last = name;
  }
  return true;
}

function spelled(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) {
    checkScalar(value);
    return JSON.stringify(value);
  }
  if (isList(value)) return '[' + value.map(spelled).join(',') + ']';
  let text = '';
  for (const name of Object.keys(value).sort()) {
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${spelled(value[name] as JsonValue)}`;
  }
  return '{' + text + '}';
}

/** @throws TypeError */
function checkScalar(value: string | number | boolean | null): void {
  const type = typeof value;
  if (type === 'string' || type === 'boolean' || value === null || Number.isFinite(value)) return;
  if (type === 'number') throw new TypeError('a number that is not finite has no JSON text');
  throw new TypeError(`a value of type ${type} has no JSON text`);
}

const isList = (value: object): value is readonly JsonValue[] => Array.isArray(value);
