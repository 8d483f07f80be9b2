import { sessionFunctions, type Analysis } from '@medrex/sql';

/** What may separate words. */
export const gap = String.raw`(?:\s|--[^\n\r]*[\n\r]|/\*[^*]*(?:\*(?!/)[^*]*)*\*/)`;
/** The beginning of a statement. */
export const start = `(?:^|;)${gap}*`;
/** Nested comments: where they end cannot be told by a pattern. */
const nestedComment = /\/\*(?:[^*/]|\*(?!\/)|\/(?!\*))*\/\*/;
export const hasNestedComments = (text: string): boolean => nestedComment.test(text);
const verbs = [
  `set${gap}+(?!local\\b|transaction\\b|constraints\\b)`,
  `(?:reset|listen|unlisten|load|discard|deallocate|execute|do)\\b`,
  `prepare${gap}+(?!transaction\\b)`,
  // A custom setting (with a dot) stays known to the session.
  `set${gap}+local${gap}+[^\\s.=]+\\.`,
];
const statementPattern = new RegExp(`${start}(?:${verbs.join('|')})`, 'i');
const words = [
  'temp',
  'temporary',
  'pg_temp',
  String.raw`with\s+hold`,
  'pg_prepared_statements',
  'pg_settings',
  ...sessionFunctions,
];
const wordPattern = new RegExp(String.raw`\b(?:${words.join('|')})\b|\bdblink`, 'i');

/**
 * Whether a statement may leave something in its session: a setting, a listener, a lock, a table, a cursor, a prepared statement. A fast
 * check by words that may err only towards yes; the grammar then tells what it is. The effects of functions are not visible here.
 */
export function leavesState(text: string): boolean {
  return statementPattern.test(text) || wordPattern.test(text) || hasNestedComments(text);
}

/** The same, using the analysis of the text if there is one. */
export function leaves(asked: { readonly text: string; readonly analysis: Analysis | undefined }): boolean {
  if (asked.analysis?.kind !== 'read') return leavesState(asked.text);
  return asked.analysis.statements.some(({ effects }) => effects.length > 0);
}

const removalPattern = new RegExp(
  `${start}(?:begin|start|commit|end|rollback|abort|savepoint|release|prepare|drop|close)\\b`,
  'i',
);

/**
 * Whether a statement may remove session state: by beginning or ending a transaction or a subtransaction, dropping a table or closing a
 * cursor.
 */
export function mayRemoveState(text: string): boolean {
  return removalPattern.test(text) || hasNestedComments(text);
}
