const namesPrepared = /\b(?:execute|deallocate|prepare(?!\s+transaction\b))\b/i;
const saysNames = /\b(?:execute|prepare)\b/i;
/** There may be several statements in it. A DEALLOCATE that is alone is answered with a stand-in. */
const isOneOfSeveral = (text: string): boolean => text.trimEnd().slice(0, -1).includes(';');
const showsPrepared = /\bpg_prepared_statements\b/i;

/** Whether a text may speak of prepared statements: EXECUTE, EXPLAIN EXECUTE and DEALLOCATE do among others. */
export const maySpeakOfNames = (text: string): boolean => showsPrepared.test(text) || namesPrepared.test(text);

/** Whether one that does wants them under their own names at the server. */
export const wantsNames = (text: string): boolean =>
  showsPrepared.test(text) || saysNames.test(text) || isOneOfSeveral(text);

/** Whether it may speak of one of these, or of all. */
export function speaksOf(text: string, names: readonly string[]): boolean {
  const folded = text.toLowerCase();
  return showsPrepared.test(text) || names.some((name) => folded.includes(name.toLowerCase()));
}
