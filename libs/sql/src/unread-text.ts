import { withoutLiterals, type Skeleton } from './skeleton.ts';

/** A string adjacent to a word, usually because a quote in it was not doubled. */
const brokenQuote = /(?<![\u0001\w$"\u0080-\uffff])[\w$"\u0080-\uffff]+\u0001[sx]|\u0001[sifx](?=[\w$"\u0080-\uffff])/;
/** Statements that take bare words as values. */
const setting = /^(?:set|alter\b.*?\bset)\b/is;

/** First words of statements of PostgreSQL and IRIS. */
const beginnings =
  /^[\s;(]*(?:abort|alter|analy[sz]e|begin|call|cancel|checkpoint|close|cluster|comment|commit|copy|create|deallocate|declare|delete|discard|do|drop|end|execute|explain|fetch|grant|import|insert|listen|load|lock|merge|move|notify|prepare|reassign|refresh|reindex|release|reset|revoke|rollback|savepoint|security|select|set|show|start|table|truncate|unlisten|update|vacuum|values|with)\b/i;

/** The part of an unparsable text that is safe to show: up to the first word that may belong to a value; nothing if it is not SQL. */
export function unreadText(skeleton: Skeleton): string {
  const { key } = skeleton;
  if (!beginnings.test(key)) return '...';
  const sets = setting.exec(key)?.[0].length ?? key.length;
  const breaks = brokenQuote.exec(key)?.index ?? key.length;
  const end = Math.min(sets, breaks);
  return withoutLiterals({ ...skeleton, key: end < key.length ? `${key.slice(0, end).trimEnd()} ...` : key });
}
