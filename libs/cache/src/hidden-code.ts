import { isCacheable, mayWrite, type FunctionFacts } from './functions.ts';

/** A function that statements run without naming it: of a trigger, default, constraint, view or policy. */
export interface HiddenFunction {
  readonly language: string;
  readonly name: string;
  readonly code: string;
}

/** Built-in trigger functions in C, which change nothing but the row. */
const builtInTriggers: ReadonlySet<string> = new Set([
  'suppress_redundant_updates_trigger',
  'tsvector_update_trigger',
  'tsvector_update_trigger_column',
]);
const writes =
  /\b(?:insert|update|delete|merge|truncate|copy|execute|call|do|create|alter|drop|refresh|dblink\w*|lo_\w+)\b/i;
const callPattern = /([a-z_][\w.]*)\s*\(/gi;
/** Comments, string literals of all kinds, and quoted names, told apart by the first character. */
const commentsAndQuotes =
  /--[^\n]*|\/\*(?:(?!\/\*)[^])*?\*\/|\be'(?:[^'\\]|''|\\[^])*'|'(?:[^']|'')*'|(\$(?:[a-z_]\w*)?\$)[^]*?\1|"(?:[^"]|"")*"/gi;
/** The usual statement of triggers that notify listeners. */
const notifyCall = /\bperform\s+(?:pg_catalog\s*\.\s*)?pg_notify\b/gi;
/** Words of PL/pgSQL and SQL before a parenthesis that are not function calls. */
const keywordsBeforeParenthesis =
  /^(?:if|elsif|while|in|and|or|not|then|else|return|exists|any|all|case|when|is|values|as|on|raise|exception|using|select|where|from|having|by|distinct|over|filter|union)$/i;

/**
 * Whether a function certainly changes no table, judged by the words of its source: no word that writes, and calls of known functions
 * only. Strings are ignored, as they run only by EXECUTE, which is a word that writes.
 *
 * @param runsCode whether a text runs code without a function call: by an operator, for example
 */
export function isHarmless(
  { language, name, code }: HiddenFunction,
  facts: FunctionFacts,
  runsCode: (code: string) => boolean,
): boolean {
  if (!mayWrite(name, facts) || builtInTriggers.has(name)) return true;
  if ((language !== 'plpgsql' && language !== 'sql') || code.trim() === '') return false;
  const bare = code
    .replaceAll(commentsAndQuotes, (found) => (found.startsWith('"') ? ' in_quotes ' : ' '))
    .replaceAll(notifyCall, ' pg_notify');
  // Nested comments are not parsed.
  if (writes.test(bare) || bare.includes('/*') || bare.includes('*/') || runsCode(bare)) return false;
  for (const [, call = ''] of bare.matchAll(callPattern)) {
    if (keywordsBeforeParenthesis.test(call)) continue;
    const word = call.toLowerCase();
    if (mayWrite(word, facts) && !isCacheable(word, facts)) return false;
  }
  return true;
}
