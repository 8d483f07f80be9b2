import type { Node } from 'libpg-query';
import { bodyOf } from '../ast.ts';
import { classOf } from './character-class.ts';
import { operand } from './expression.ts';
import { isNullable, typeOf } from './inference.ts';
import { callOf, number, operator, words } from './node-builders.ts';
import { recordSeparator, unitSeparator } from './proxy-computation.ts';
import { textTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse, Refusal } from './refusal.ts';
import { checkRepeatable } from './repeatable.ts';
import type { Scope } from './scope.ts';
import { outputText } from './text-operand.ts';
import { untypedText } from './typed-constants.ts';

/** Prints an ObjectScript function, whose empty result is NULL in SQL. */
function notNull(p: Printing, text: Node | undefined, value: string, scope: Scope): string {
  const whole = `COALESCE(${value}, '')`;
  return isNullable(p, text, scope) ? `CASE WHEN ${operand(p, text, scope)} IS NOT NULL THEN ${whole} END` : whole;
}

function checkText(p: Printing, name: string, text: Node | undefined, scope: Scope, location?: number): void {
  checkRepeatable(text, name);
  const type = typeOf(p, text, scope);
  if (untypedText(text) === undefined && !textTypes.has(type))
    refuse(`${name} of a value that is not text`, location, 'Cast it to text.');
}

/** split_part(text, 'separator', n) */
export function printSplitPart(
  p: Printing,
  [text, separator, place]: readonly Node[],
  scope: Scope,
  location?: number,
): string {
  checkText(p, 'split_part', text, scope, location);
  const by = untypedText(separator);
  const constant = bodyOf(place, 'A_Const')?.ival;
  if (by === undefined || by === '' || constant === undefined)
    return refuse(
      'split_part by a separator or number that is not a constant',
      location,
      'Write the separator and the number as constants.',
    );
  const at = constant.ival ?? 0;
  if (at === 0) throw new Refusal('field position must not be zero', { sqlstate: '22023', isPlaceless: true });
  const [value, sign] = [operand(p, text, scope), p.marks.string(by)];
  const counted = at > 0 ? String(at) : `$LENGTH(${value}, ${sign}) - ${-at - 1}`; // from the end; before the first there is none
  return notNull(p, text, `$PIECE(${value}, ${sign}, ${counted})`, scope);
}

/** translate(text, 'from', 'to'); the first of duplicate characters counts. */
export function printTranslate(
  p: Printing,
  [text, from, to]: readonly Node[],
  scope: Scope,
  location?: number,
): string {
  checkText(p, 'translate', text, scope, location);
  const [before, after] = [untypedText(from), untypedText(to)];
  if (before === undefined || after === undefined)
    return refuse('translate with characters that are not constants', location);
  const signs = Array.from(before);
  const others = Array.from(after);
  const pairs = new Map(signs.map((sign, at) => [sign, others[at] ?? ''] as const).reverse());
  if (signs.some((sign) => sign.length > 1)) return refuse('translate of characters beyond U+FFFF', location); // two characters in IRIS
  const kept = [...pairs].filter(([, other]) => other !== '');
  const gone = [...pairs].filter(([, other]) => other === '');
  return translated(p, text, scope, [...kept, ...gone]);
}

/** Replaces characters, and removes those without a replacement. */
function translated(
  p: Printing,
  text: Node | undefined,
  scope: Scope,
  pairs: readonly (readonly [string, string])[],
): string {
  const [from, to] = [0, 1].map((side) => p.marks.string(pairs.map((pair) => pair[side]).join('')));
  if (pairs.length === 0) return operand(p, text, scope);
  return notNull(p, text, `$TRANSLATE(${operand(p, text, scope)}, ${from ?? ''}, ${to ?? ''})`, scope);
}

/** concat_ws('separator', ...) ignores NULLs. */
export function printConcatWithSeparator(
  p: Printing,
  [separator, ...values]: readonly Node[],
  scope: Scope,
  location?: number,
): string {
  const by = untypedText(separator);
  if (by === undefined) return refuse('concat_ws with a separator that is not a constant', location);
  const parts = values.map((value) => {
    checkRepeatable(value, 'concat_ws');
    const text = `${p.marks.string(by)} || ${outputText(p, value, scope, location)}`;
    return isNullable(p, value, scope) ? `CASE WHEN ${operand(p, value, scope)} IS NOT NULL THEN ${text} END` : text;
  });
  if (parts.length === 0) return "''";
  return `COALESCE(SUBSTRING(STRING(${parts.join(', ')}), ${by.length + 1}), '')`;
}

/** left() and right(); a negative count omits characters. */
export function printEnd(
  p: Printing,
  name: 'LEFT' | 'RIGHT',
  [text, count]: readonly Node[],
  scope: Scope,
  location?: number,
): string {
  const counted = bodyOf(count, 'A_Const')?.ival;
  const isNegated = bodyOf(bodyOf(count, 'A_Expr')?.rexpr, 'A_Const')?.ival;
  const number = counted?.ival ?? (isNegated?.ival === undefined ? 0 : -isNegated.ival);
  if (counted === undefined && isNegated === undefined)
    return refuse(
      `${name.toLowerCase()} with a count that is not a constant`,
      location,
      'Write substring(... from ... for ...).',
    );
  const value = operand(p, text, scope);
  if (number >= 0) return `${name}(${p.value(text, scope)}, ${number})`;
  checkRepeatable(text, name.toLowerCase());
  const rest = `CHAR_LENGTH(${value}) - ${-number}`;
  const part = name === 'LEFT' ? `SUBSTRING(${value}, 1, ${rest})` : `SUBSTRING(${value}, ${1 - number})`;
  return `CASE WHEN ${rest} > 0 THEN ${part} WHEN ${value} IS NOT NULL THEN '' END`;
}

/** overlay(text placing other from place for count): what stands before it, the other, and what stands behind. */
export function printOverlay(p: Printing, args: readonly Node[], scope: Scope, location?: number): string {
  const [text, other, from, count = callOf('length', other)] = args;
  const place = bodyOf(from, 'A_Const')?.ival?.ival ?? 0;
  if (place < 1 || args.length < 3)
    return refuse(
      'overlay from a position that is not a constant',
      location,
      'Write the position as a constant of at least 1.',
    );
  checkRepeatable([text, args.length < 4 ? other : undefined], 'overlay');
  const part = (...places: Node[]): Node => ({
    FuncCall: { funcname: words('substring'), args: [text ?? number(0), ...places], location: location ?? -1 },
  });
  const before = place === 1 ? other : operator('||', part(number(1), number(place - 1)), other);
  return p.value(operator('||', before, part(operator('+', number(place), count))), scope);
}

/** regexp_replace of a single character class, or of a literal text; other patterns are refused. */
export function printRegexpReplace(
  p: Printing,
  [text, pattern, by, flags]: readonly Node[],
  scope: Scope,
  location?: number,
): string {
  checkText(p, 'regexp_replace', text, scope, location);
  const [regex, other] = [untypedText(pattern), untypedText(by)];
  const isEverywhere = untypedText(flags) === 'g';
  const hint = "[...], \\d, \\s and plain text are translated, with 'g'; [^...] and \\D where nothing comes instead.";
  const refused = (): never => refuse('this regexp_replace', location, hint);
  if (regex === undefined || other === undefined || !isEverywhere || /[\\&]/.test(other)) return refused();
  if (regex !== '' && /^(?:[^\\^$.|?*+()[\]{}]|\\[^A-Za-z0-9])+$/u.test(regex))
    return `REPLACE(${p.value(text, scope)}, ${p.marks.string(regex.replaceAll(/\\(.)/gsu, '$1'))}, ${p.marks.string(other)})`;
  const { members, isNegated, isRepeated } = classOf(regex) ?? refused();
  const inPlaceOf = (sign: string): string =>
    translated(
      p,
      text,
      scope,
      members.map((member) => [member, sign] as const),
    );
  if (!isNegated && (other === '' || (other.length === 1 && !isRepeated))) return inPlaceOf(other);
  if (!isNegated) return inRuns(p, inPlaceOf(unitSeparator), isRepeated, other);
  if (other !== '') return refused();
  const value = operand(p, text, scope);
  const rest = `COALESCE($TRANSLATE(${value}, ${p.marks.string(members.join(''))}), '')`;
  return notNull(p, text, `$TRANSLATE(${value}, ${rest})`, scope);
}

/** A text with something in place of each unit separator, or of each run of them. */
function inRuns(p: Printing, text: string, isRepeated: boolean, by: string): string {
  const replace = (whole: string, from: string, to: string): string =>
    `REPLACE(${whole}, ${p.marks.string(from)}, ${p.marks.string(to)})`;
  const pair = `${unitSeparator}${recordSeparator}`; // `uuu` as `ururur`, and that as `ur`
  const run = `${recordSeparator}${unitSeparator}`;
  return isRepeated
    ? replace(replace(replace(text, unitSeparator, pair), run, ''), pair, by)
    : replace(text, unitSeparator, by);
}
