import { withoutLiterals, type Skeleton } from './skeleton.ts';

/** A string that is written together with a word: as a rule somebody has forgotten to double a quote in it. */
const brokenQuote = /(?<![\u0001\w$"\u0080-\uffff])[\w$"\u0080-\uffff]+\u0001[sx]|\u0001[sifx](?=[\w$"\u0080-\uffff])/;
/** What comes behind takes bare words as values. */
const setting = /^(?:set|alter\b.*?\bset)\b/is;

/** What statements of PostgreSQL and of IRIS begin with. */
const beginnings =
  /^[\s;(]*(?:abort|alter|analy[sz]e|begin|call|cancel|checkpoint|close|cluster|comment|commit|copy|create|deallocate|declare|delete|discard|do|drop|end|execute|explain|fetch|grant|import|insert|listen|load|lock|merge|move|notify|prepare|reassign|refresh|reindex|release|reset|revoke|rollback|savepoint|security|select|set|show|start|table|truncate|unlisten|update|vacuum|values|with)\b/i;

/** The text to show of a statement that the grammar does not know: up to where a word may be a part of a value; nothing of prose. */
export function unreadText(skeleton: Skeleton): string {
  const { key } = skeleton;
  if (!beginnings.test(key)) return '...';
  const sets = setting.exec(key)?.[0].length ?? key.length;
  const breaks = brokenQuote.exec(key)?.index ?? key.length;
  const end = Math.min(sets, breaks);
  return withoutLiterals({ ...skeleton, key: end < key.length ? `${key.slice(0, end).trimEnd()} ...` : key });
}
