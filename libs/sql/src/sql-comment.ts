/** Key-value pairs of an sqlcommenter comment: `traceparent`, `application`, `action` and others. */
export type SqlComment = ReadonlyMap<string, string>;

const none: SqlComment = new Map();
/** Longer comments are ignored. */
const charactersMax = 4_096;
const pair = /([A-Za-z0-9_.%-]+)\s*=\s*'((?:[^'\\]|\\.)*)'/g;

/**
 * Reads the comment at the end of a text, or else at its beginning, without parsing the SQL. Values come from clients and must not be
 * trusted beyond choices that the configuration allows.
 */
export function readComment(text: string): SqlComment {
  const comment = trailing(text) ?? leading(text);
  if (comment?.includes('=') !== true) return none;
  const keys = new Map<string, string>();
  for (const [, key, value] of comment.matchAll(pair)) {
    if (key !== undefined && value !== undefined) keys.set(decoded(key), decoded(value.replace(/\\(.)/g, '$1')));
  }
  return keys;
}

/** Whether `/*iris*\/` precedes the statement: it is IRIS SQL, which is passed on untranslated. */
export function isIrisPassthrough(text: string): boolean {
  return /^\s*\/\*\s*iris\s*\*\//i.test(text);
}

function trailing(text: string): string | undefined {
  let end = text.length;
  while (end > 0 && ' \t\r\n;'.includes(text.charAt(end - 1))) end--;
  if (!text.endsWith('*/', end)) return undefined;
  const start = text.lastIndexOf('/*', end - 3);
  return start < 0 || end - start > charactersMax ? undefined : text.slice(start + 2, end - 2);
}

function leading(text: string): string | undefined {
  if (!/^\s*\/\*/.test(text)) return undefined;
  const start = text.indexOf('/*');
  const end = text.indexOf('*/', start + 2);
  return end < 0 || end - start > charactersMax ? undefined : text.slice(start + 2, end);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // a stray percent sign is kept
  }
}
