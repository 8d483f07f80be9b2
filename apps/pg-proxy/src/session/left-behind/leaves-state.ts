import { sessionFunctions, type Analysis } from '@medrex/sql';

/** What may stand between words. */
export const gap = String.raw`(?:\s|--[^\n\r]*[\n\r]|/\*[^*]*(?:\*(?!/)[^*]*)*\*/)`;
/** Where a statement begins. */
export const start = `(?:^|;)${gap}*`;
/** Comments in comments: where those end, words do not tell. */
const nests = /\/\*(?:[^*/]|\*(?!\/)|\/(?!\*))*\/\*/;
export const nestsComments = (text: string): boolean => nests.test(text);
const verbs = [
  `set${gap}+(?!local\\b|transaction\\b|constraints\\b)`,
  `(?:reset|listen|unlisten|load|discard|deallocate|execute|do)\\b`,
  `prepare${gap}+(?!transaction\\b)`,
  // A name with a point in it stays in the session.
  `set${gap}+local${gap}+[^\\s.=]+\\.`,
];
const beginsSo = new RegExp(`${start}(?:${verbs.join('|')})`, 'i');
const words = [
  'temp',
  'temporary',
  'pg_temp',
  String.raw`with\s+hold`,
  'pg_prepared_statements',
  'pg_settings',
  ...sessionFunctions,
];
const holdsSo = new RegExp(String.raw`\b(?:${words.join('|')})\b|\bdblink`, 'i');

/**
 * Whether a statement may leave something behind in its session: a setting, a listener, a lock, a table, a cursor, a prepared
 * statement. Told by words and quickly, so it errs on the side of yes: what it is then is read by the grammar. What a function
 * does inside is not seen.
 */
export function leavesState(text: string): boolean {
  return beginsSo.test(text) || holdsSo.test(text) || nestsComments(text);
}

/** The same, by what has been read where it has. */
export function leaves(asked: { readonly text: string; readonly analysis: Analysis | undefined }): boolean {
  if (asked.analysis?.kind !== 'read') return leavesState(asked.text);
  return asked.analysis.statements.some(({ effects }) => effects.length > 0);
}

const endings = new RegExp(
  `${start}(?:begin|start|commit|end|rollback|abort|savepoint|release|prepare|drop|close)\\b`,
  'i',
);

/**
 * Whether a statement may take back what a session has: by beginning or ending a transaction, or a part of one, or by dropping a table
 * or closing a cursor.
 */
export function mayTakeBack(text: string): boolean {
  return endings.test(text) || nestsComments(text);
}
