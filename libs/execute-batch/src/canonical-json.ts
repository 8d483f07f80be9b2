import type { JsonValue } from './contract.ts';

/**
 * JSON text of one spelling per value: names in code-unit order, no spaces, numbers as ECMAScript writes them (RFC 8785, but a lone
 * surrogate is escaped instead of refused). Endorsers that compute the same value write the same bytes.
 * @throws TypeError for what JSON has no word for: NaN, infinities, undefined, functions
 */
export function canonicalJson(value: JsonValue): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError('a number that is not finite has no JSON text');
      return JSON.stringify(value);
    case 'object':
      if (value === null) return 'null';
      return isList(value) ? '[' + value.map(canonicalJson).join(',') + ']' : canonicalObject(value);
    default:
      throw new TypeError(`a value of type ${typeof value} has no JSON text`);
  }
}

function canonicalObject(value: { readonly [name: string]: JsonValue }): string {
  let text = '';
  for (const name of Object.keys(value).sort()) {
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${canonicalJson(value[name] as JsonValue)}`;
  }
  return '{' + text + '}';
}

const isList = (value: object): value is readonly JsonValue[] => Array.isArray(value);
