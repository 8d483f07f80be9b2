import type { Node } from 'libpg-query';
import { bodyOf } from '../ast.ts';
import { classOf } from './character-class.ts';
import { operand } from './expression.ts';
import { isNullable, typeOf } from './inference.ts';
import { textTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse, Refusal } from './refusal.ts';
import { checkRepeatable } from './repeatable.ts';
import type { Scope } from './scope.ts';
import { outputText } from './text-operand.ts';
import { untypedText } from './typed-constants.ts';

/** What a function of ObjectScript gives: the text of no length comes as NULL from it. */
function notNull(p: Printing, text: Node | undefined, value: string, scope: Scope): string {
  const whole = `COALESCE(${value}, '')`;
  return isNullable(p, text, scope) ? `CASE WHEN ${operand(p, text, scope)} IS NOT NULL THEN ${whole} END` : whole;
}

function checkText(p: Printing, name: string, text: Node | undefined, scope: Scope, location?: number): void {
  checkRepeatable(text, name);
  const type = typeOf(p, text, scope);
  if (untypedText(text) === undefined && !textTypes.has(type))
    refuse(`${name} of what is no text`, location, 'Cast it to text.');
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
  const at = bodyOf(place, 'A_Const')?.ival;
  if (by === undefined || by === '' || at === undefined || (at.ival ?? 0) < 0)
    return refuse(
      'split_part by what is no constant, or from the end',
      location,
      'A separator and a place from 1 are translated.',
    );
  if (at.ival === undefined || at.ival === 0)
    throw new Refusal('field position must not be zero', { sqlstate: '22023', isPlaceless: true });
  return notNull(p, text, `$PIECE(${operand(p, text, scope)}, ${p.marks.string(by)}, ${at.ival})`, scope);
}

/** translate(text, 'from', 'to'): of a sign that comes twice the first counts. */
export function printTranslate(
  p: Printing,
  [text, from, to]: readonly Node[],
  scope: Scope,
  location?: number,
): string {
  checkText(p, 'translate', text, scope, location);
  const [before, after] = [untypedText(from), untypedText(to)];
  if (before === undefined || after === undefined) return refuse('translate of signs that are no constants', location);
  const signs = Array.from(before);
  const others = Array.from(after);
  const pairs = new Map(signs.map((sign, at) => [sign, others[at] ?? ''] as const).reverse());
  if (signs.some((sign) => sign.length > 1)) return refuse('translate of signs beyond U+FFFF', location); // two characters to IRIS
  const kept = [...pairs].filter(([, other]) => other !== '');
  const gone = [...pairs].filter(([, other]) => other === '');
  return translated(p, text, scope, [...kept, ...gone]);
}

/** The text with characters in place of others, and without those that nothing stands beside. */
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

/** concat_ws('separator', ...) passes over NULLs. */
export function printConcatWithSeparator(
  p: Printing,
  [separator, ...values]: readonly Node[],
  scope: Scope,
  location?: number,
): string {
  const by = untypedText(separator);
  if (by === undefined) return refuse('concat_ws with a separator that is no constant', location);
  const parts = values.map((value) => {
    checkRepeatable(value, 'concat_ws');
    const text = `${p.marks.string(by)} || ${outputText(p, value, scope, location)}`;
    return isNullable(p, value, scope) ? `CASE WHEN ${operand(p, value, scope)} IS NOT NULL THEN ${text} END` : text;
  });
  if (parts.length === 0) return "''";
  return `COALESCE(SUBSTRING(STRING(${parts.join(', ')}), ${by.length + 1}), '')`;
}

/** left() and right(): a negative count leaves characters out. */
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
      `${name.toLowerCase()} with a count that is no constant`,
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

/** What a pattern of one class of characters, or of no signs at all, replaces: anything else IRIS has no function for. */
export function printRegexpReplace(
  p: Printing,
  [text, pattern, by, flags]: readonly Node[],
  scope: Scope,
  location?: number,
): string {
  checkText(p, 'regexp_replace', text, scope, location);
  const [regex, other] = [untypedText(pattern), untypedText(by)];
  const isEverywhere = untypedText(flags) === 'g';
  const hint =
    "[...], [^...], \\d, \\D, \\s and plain text are translated, with 'g', where a character or nothing comes instead.";
  const refused = (): never => refuse('this regexp_replace', location, hint);
  if (regex === undefined || other === undefined || !isEverywhere || /[\\&]/.test(other)) return refused();
  if (regex !== '' && /^(?:[^\\^$.|?*+()[\]{}]|\\[^A-Za-z0-9])+$/u.test(regex))
    return `REPLACE(${p.value(text, scope)}, ${p.marks.string(regex.replaceAll(/\\(.)/gsu, '$1'))}, ${p.marks.string(other)})`;
  const { members, isNegated, isRepeated } = classOf(regex) ?? refused();
  const isAlone = other.length === 1 && !isRepeated && !isNegated;
  if (other !== '' && !isAlone) return refused();
  if (!isNegated)
    return translated(
      p,
      text,
      scope,
      members.map((member) => [member, other] as const),
    );
  const value = operand(p, text, scope);
  const rest = `COALESCE($TRANSLATE(${value}, ${p.marks.string(members.join(''))}), '')`;
  return notNull(p, text, `$TRANSLATE(${value}, ${rest})`, scope);
}
