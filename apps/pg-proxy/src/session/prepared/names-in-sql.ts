const preparedCommands = /\b(?:execute|deallocate|prepare(?!\s+transaction\b))\b/i;
const namingCommands = /\b(?:execute|prepare)\b/i;
/** A single DEALLOCATE is handled by a stand-in; with several statements in the text that is not possible. */
const isOneOfSeveral = (text: string): boolean => text.trimEnd().slice(0, -1).includes(';');
const showsPrepared = /\bpg_prepared_statements\b/i;

/** Whether a text may refer to prepared statements: EXECUTE, EXPLAIN EXECUTE and DEALLOCATE, for example. */
export const mayReferToNames = (text: string): boolean => showsPrepared.test(text) || preparedCommands.test(text);

/** Whether such a text needs the statements under their own names at the server. */
export const needsOwnNames = (text: string): boolean =>
  showsPrepared.test(text) || namingCommands.test(text) || isOneOfSeveral(text);

/** Whether it may refer to one of these names, or to all. */
export function refersTo(text: string, names: readonly string[]): boolean {
  const folded = text.toLowerCase();
  return showsPrepared.test(text) || names.some((name) => folded.includes(name.toLowerCase()));
}
