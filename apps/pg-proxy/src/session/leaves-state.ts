const gap = String.raw`(?:\s|--[^\n]*\n|/\*[^*]*(?:\*(?!/)[^*]*)*\*/)`;
const start = `(?:^|;)${gap}*`;
const verbs = [
  `set${gap}+(?!local\\b|transaction\\b|constraints\\b)`,
  `reset\\b`,
  `listen\\b`,
  `load\\b`,
  `prepare${gap}+(?!transaction\\b)`,
];
const beginsSo = new RegExp(`${start}(?:${verbs.join('|')})`, 'i');
const holdsSo =
  /\bpg_(?:try_)?advisory_lock|\bset_config\s*\(|\b(?:temp|temporary|pg_temp)\b|\bwith\s+hold\b|\b(?:lastval|currval)\s*\(|\bdblink_connect/i;

/**
 * Whether a statement may leave something behind in its session: a setting, a listener, a lock, a table, a cursor, a prepared
 * statement. Told by words, so it errs on the side of yes; what a function does inside is not seen.
 */
export function leavesState(text: string): boolean {
  return beginsSo.test(text) || holdsSo.test(text);
}
