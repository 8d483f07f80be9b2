import { isSettled, mayWrite, type FunctionFacts } from './functions.ts';

export interface TriggerFunction {
  readonly language: string;
  readonly name: string;
  readonly code: string;
}

/** PostgreSQL's own, in C; they touch nothing but the row. */
const own: ReadonlySet<string> = new Set([
  'suppress_redundant_updates_trigger',
  'tsvector_update_trigger',
  'tsvector_update_trigger_column',
]);
const writes =
  /\b(?:insert|update|delete|merge|truncate|copy|execute|perform|call|do|create|alter|drop|refresh|select|with|dblink\w*|lo_\w+)\b/i;
const called = /([a-z_][\w.]*)\s*\(/gi;
/** Comments and strings; what stands in a string runs only by EXECUTE. */
const aside = /--[^\n]*|\/\*[^]*?\*\/|'(?:[^']|'')*'/g;
/** As the triggers have it that tell others of a write. */
const notifies = /\bperform\s+(?:pg_catalog\s*\.\s*)?pg_notify\b/gi;
/** Words of PL/pgSQL and SQL that stand before a bracket and are no calls. */
const noCalls =
  /^(?:if|elsif|while|in|and|or|not|then|else|return|exists|any|all|case|when|is|values|as|on|raise|exception|using)$/i;

/**
 * Whether a trigger changes nothing but the row that it is called for. Told by words: code in which none of them stands that
 * writes, and which calls nothing but functions that are known.
 */
export function isHarmlessTrigger({ language, name, code }: TriggerFunction, facts: FunctionFacts): boolean {
  if (language === 'internal' || language === 'c') return own.has(name);
  if (language !== 'plpgsql') return false;
  const bare = code.replaceAll(aside, ' ').replaceAll(notifies, ' pg_notify');
  if (writes.test(bare)) return false;
  for (const [, call = ''] of bare.matchAll(called)) {
    if (noCalls.test(call)) continue;
    const word = call.toLowerCase();
    if (mayWrite(word, facts) && !isSettled(word, facts)) return false;
  }
  return true;
}
