import { isSettled, mayWrite, type FunctionFacts } from './functions.ts';

/** A function that no statement names: of a trigger, a default, a constraint, a view, a policy. */
export interface HiddenFunction {
  readonly language: string;
  readonly name: string;
  readonly code: string;
}

/** PostgreSQL's own triggers, in C; they touch nothing but the row. */
const own: ReadonlySet<string> = new Set([
  'suppress_redundant_updates_trigger',
  'tsvector_update_trigger',
  'tsvector_update_trigger_column',
]);
const writes =
  /\b(?:insert|update|delete|merge|truncate|copy|execute|call|do|create|alter|drop|refresh|dblink\w*|lo_\w+)\b/i;
const called = /([a-z_][\w.]*)\s*\(/gi;
/** Comments, strings in all their notations, and names in quotes, which are told by the first letter. */
const aside =
  /--[^\n]*|\/\*(?:(?!\/\*)[^])*?\*\/|\be'(?:[^'\\]|''|\\[^])*'|'(?:[^']|'')*'|(\$(?:[a-z_]\w*)?\$)[^]*?\1|"(?:[^"]|"")*"/gi;
/** As the triggers have it that tell others of a write. */
const notifies = /\bperform\s+(?:pg_catalog\s*\.\s*)?pg_notify\b/gi;
/** Words of PL/pgSQL and SQL that stand before a bracket and are no calls. */
const noCalls =
  /^(?:if|elsif|while|in|and|or|not|then|else|return|exists|any|all|case|when|is|values|as|on|raise|exception|using|select|where|from|having|by|distinct|over|filter|union)$/i;

/**
 * Whether a function changes no table. Told by words: code in which none of them stands that writes, and which calls nothing but
 * functions that are known. What stands in a string runs only by EXECUTE.
 *
 * @param runsCode whether a text runs code that no bracket shows
 */
export function isHarmless(
  { language, name, code }: HiddenFunction,
  facts: FunctionFacts,
  runsCode: (code: string) => boolean,
): boolean {
  if (!mayWrite(name, facts) || own.has(name)) return true;
  if ((language !== 'plpgsql' && language !== 'sql') || code.trim() === '') return false;
  const bare = code
    .replaceAll(aside, (found) => (found.startsWith('"') ? ' in_quotes ' : ' '))
    .replaceAll(notifies, ' pg_notify');
  // Comments within comments are not taken apart.
  if (writes.test(bare) || bare.includes('/*') || bare.includes('*/') || runsCode(bare)) return false;
  for (const [, call = ''] of bare.matchAll(called)) {
    if (noCalls.test(call)) continue;
    const word = call.toLowerCase();
    if (mayWrite(word, facts) && !isSettled(word, facts)) return false;
  }
  return true;
}
