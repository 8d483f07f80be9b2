import { fail } from './compiled.ts';
import { overloaded, type FixedFunction, type FixedFunctions, type Value } from './fixed-function.ts';
import { arrayText, elementsOf, regExpOf } from './matching.ts';

const textFunction = (gives: FixedFunction['resultType'], of: (text: string) => Value): FixedFunction[] =>
  overloaded([['text']], gives, ([text]) => of(String(text)));

const charactersOf = (text: Value | undefined): string[] => Array.from(String(text));

/** Maximum length of a result in code units. */
const resultLengthMax = 1_000_000;

/** substr; positions count from 1 and may be before the text. */
const substring = overloaded(
  [
    ['text', 'int4'],
    ['text', 'int4', 'int4'],
  ],
  'text',
  ([text, from, count]) => {
    const first = Number(from) - 1;
    if (count !== undefined && Number(count) < 0) return fail('22011', 'negative substring length not allowed');
    const end = count === undefined ? undefined : Math.max(0, first + Number(count));
    return charactersOf(text).slice(Math.max(0, first), end).join('');
  },
);

function trimming(isLeft: boolean, isRight: boolean): FixedFunction[] {
  return overloaded([['text'], ['text', 'text']], 'text', ([text, wanted = ' ']) => {
    const [signs, gone] = [charactersOf(text), new Set(charactersOf(wanted))];
    let [start, end] = [0, signs.length];
    while (isLeft && start < end && gone.has(signs[start] ?? '')) start++;
    while (isRight && end > start && gone.has(signs[end - 1] ?? '')) end--;
    return signs.slice(start, end).join('');
  });
}

/** lpad and rpad; a longer text is truncated. */
function padding(put: (text: string, pad: string) => string): FixedFunction[] {
  return overloaded(
    [
      ['text', 'int4'],
      ['text', 'int4', 'text'],
    ],
    'text',
    ([text, size, fill = ' ']) => {
      const [signs, wanted, pads] = [charactersOf(text), Math.max(0, Number(size)), charactersOf(fill)];
      if (wanted > resultLengthMax) return fail('54000', 'requested length too large');
      if (signs.length >= wanted || pads.length === 0) return signs.slice(0, wanted).join('');
      const pad = Array.from({ length: wanted - signs.length }, (_none, index) => pads[index % pads.length]);
      return put(signs.join(''), pad.join(''));
    },
  );
}

/** parse_ident: the names in `a."B c"`. */
function parseIdentifiers(text: string): string[] {
  const name = /\s*(?:"((?:[^"]|"")+)"|([a-z_][\w$]*))\s*(\.|$)/iy;
  const names: string[] = [];
  for (;;) {
    const [found, quoted, bare = '', end] = name.exec(text) ?? [];
    if (found === undefined) return fail('22023', 'string is not a valid identifier');
    names.push(quoted === undefined ? bare.toLowerCase() : quoted.replaceAll('""', '"'));
    if (end === '') return names;
  }
}

/** A bound of an array, which has one dimension here. */
function arrayBound(array: string, dimension: number, bound: number): number | null {
  return dimension === 1 && elementsOf(array).length > 0 ? bound : null;
}

/** Rewrites a LIKE pattern to escape by backslashes. */
function withBackslashes(pattern: Value | undefined, escape: Value | undefined): string {
  const [mark, ...more] = charactersOf(escape);
  if (more.length > 0)
    return fail('22025', 'invalid escape string', undefined, 'Escape string must be empty or one character.');
  if (mark === '\\') return String(pattern);
  let [made, isEscaped] = ['', false];
  for (const sign of charactersOf(pattern)) {
    const begins: boolean = sign === mark && !isEscaped;
    made += begins ? '\\' : sign === '\\' && !isEscaped ? '\\\\' : sign;
    isEscaped = begins;
  }
  return made;
}

/** Text functions; they count in characters. */
export const textFunctions: FixedFunctions = {
  lower: textFunction('text', (text) => text.toLowerCase()),
  // The grammar turns LIKE ... ESCAPE into this function.
  like_escape: overloaded([['text', 'text']], 'text', ([pattern, escape]) => withBackslashes(pattern, escape)),
  upper: textFunction('text', (text) => text.toUpperCase()),
  initcap: textFunction('text', (text) =>
    text.toLowerCase().replaceAll(/[\p{L}\p{N}]+/gu, (word) => word.charAt(0).toUpperCase() + word.slice(1)),
  ),
  length: textFunction('int4', (text) => charactersOf(text).length),
  reverse: textFunction('text', (text) => charactersOf(text).reverse().join('')),
  btrim: trimming(true, true),
  ltrim: trimming(true, false),
  rtrim: trimming(false, true),
  quote_ident: textFunction('text', (text) =>
    /^[a-z_][a-z0-9_]*$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`,
  ),
  quote_literal: textFunction('text', (text) => {
    const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
    return text.includes('\\') ? `E${quoted}` : quoted;
  }),
  left: overloaded([['text', 'int4']], 'text', ([text, count]) => charactersOf(text).slice(0, Number(count)).join('')),
  right: overloaded([['text', 'int4']], 'text', ([text, count]) => {
    const signs = charactersOf(text);
    return signs.slice(Number(count) < 0 ? -Number(count) : Math.max(0, signs.length - Number(count))).join('');
  }),
  lpad: padding((text, pad) => pad + text),
  rpad: padding((text, pad) => text + pad),
  repeat: overloaded([['text', 'int4']], 'text', ([text, count]) => {
    const times = Math.max(0, Number(count));
    if (String(text).length * times > resultLengthMax) return fail('54000', 'requested length too large');
    return String(text).repeat(times);
  }),
  substring: [
    ...overloaded([['text', 'text']], 'text', ([text, pattern]) => {
      const [all, group] = regExpOf(String(pattern), '').exec(String(text)) ?? [];
      return group ?? all ?? null;
    }),
    ...substring,
  ],
  substr: substring,
  strpos: overloaded([['text', 'text']], 'int4', ([text, part]) => {
    const at = String(text).indexOf(String(part));
    return at < 0 ? 0 : charactersOf(String(text).slice(0, at)).length + 1;
  }),
  starts_with: overloaded([['text', 'text']], 'bool', ([text, part]) => String(text).startsWith(String(part))),
  replace: overloaded([['text', 'text', 'text']], 'text', ([text, old, fresh]) =>
    old === '' ? String(text) : String(text).replaceAll(String(old), () => String(fresh)),
  ),
  translate: overloaded([['text', 'text', 'text']], 'text', ([text, from, to]) => {
    const [old, fresh] = [charactersOf(from), charactersOf(to)];
    return charactersOf(text)
      .map((sign) => (old.includes(sign) ? (fresh[old.indexOf(sign)] ?? '') : sign))
      .join('');
  }),
  regexp_replace: overloaded(
    [
      ['text', 'text', 'text'],
      ['text', 'text', 'text', 'text'],
    ],
    'text',
    ([text, pattern, fresh, flags = '']) => {
      if (!/^[gi]*$/.test(String(flags))) return fail('0A000', 'flags other than g and i are not supported here');
      const replacement = String(fresh)
        .replaceAll('$', '$$$$')
        .replaceAll(/\\([1-9&\\])/g, (_all, sign: string) => (sign === '\\' ? sign : `$${sign}`));
      return String(text).replace(regExpOf(String(pattern), String(flags)), replacement);
    },
  ),
  split_part: overloaded([['text', 'text', 'int4']], 'text', ([text, by, at]) => {
    const place = Number(at);
    if (place === 0) return fail('22023', 'field position must not be zero');
    const parts = by === '' ? [String(text)] : String(text).split(String(by));
    return parts.at(place < 0 ? place : place - 1) ?? '';
  }),
  string_to_array: overloaded([['text', 'text']], 'text', ([text, by]) =>
    arrayText(text === '' ? [] : String(text).split(String(by)), 'text'),
  ),
  array_to_string: overloaded([['text', 'text']], 'text', ([array, by]) =>
    elementsOf(String(array))
      .filter((element) => element !== null)
      .join(String(by)),
  ),
  parse_ident: textFunction('text', (text) => arrayText(parseIdentifiers(text), 'text')),
  array_length: overloaded([['text', 'int4']], 'int4', ([array, of]) =>
    arrayBound(String(array), Number(of), elementsOf(String(array)).length),
  ),
  array_lower: overloaded([['text', 'int4']], 'int4', ([array, of]) => arrayBound(String(array), Number(of), 1)),
  array_upper: overloaded([['text', 'int4']], 'int4', ([array, of]) =>
    arrayBound(String(array), Number(of), elementsOf(String(array)).length),
  ),
};
