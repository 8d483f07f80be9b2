import { withoutLiterals, type Skeleton } from './skeleton.ts';

/** A string that is written together with a word: as a rule somebody has forgotten to double a quote in it. */
const brokenQuote = /(?<![\u0001\w$"\u0080-\uffff])[\w$"\u0080-\uffff]+\u0001[sx]|\u0001[sifx](?=[\w$"\u0080-\uffff])/;
/** What comes behind takes bare words as values. */
const setting = /^(?:set|alter\b.*?\bset)\b/is;

/** The text to show of a statement that the grammar does not know: up to where a word may be a part of a value. */
export function unreadText(skeleton: Skeleton): string {
  const { key } = skeleton;
  const sets = setting.exec(key)?.[0].length ?? key.length;
  const breaks = brokenQuote.exec(key)?.index ?? key.length;
  const end = Math.min(sets, breaks);
  return withoutLiterals({ ...skeleton, key: end < key.length ? `${key.slice(0, end).trimEnd()} ...` : key });
}
