import { gap } from '../state/leaves-state.ts';

const begins = new RegExp(`^${gap}*(create|drop|alter)${gap}+database\\b`, 'i');
const names = /"(?:[^"]|"")+"|[\w$\u0080-\uffff]+/g;
/** The difference between upper and lower case in ASCII. */
const caseBit = 0x20;

/**
 * The databases named by a statement that the server only runs while nobody uses them: CREATE (its template), DROP and ALTER DATABASE. The
 * result contains all words of the statement. Undefined for any other statement, at almost no cost.
 *
 * @param text UTF-8 read as latin1
 */
export function databasesNamed(text: string): ReadonlySet<string> | undefined {
  const first = text.charCodeAt(0) | caseBit;
  // Greater than d: select, insert, update, with, fetch.
  if (first > 0x64) return undefined;
  const verb = begins.exec(text)?.[1]?.toLowerCase();
  if (verb === undefined) return undefined;
  const words = Buffer.from(text, 'latin1').toString('utf8').match(names) ?? [];
  const databases = new Set(words.map(nameOf));
  if (verb === 'create') databases.add('template1');
  return databases;
}

function nameOf(word: string): string {
  return word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word.toLowerCase();
}
