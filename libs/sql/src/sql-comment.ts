/** What a client says about a statement in a comment at its end (sqlcommenter): `traceparent`, `application`, `action` ... */
export type SqlComment = ReadonlyMap<string, string>;

const none: SqlComment = new Map();
/** A comment of this length says more than a name and a trace. */
const charactersMax = 4_096;
const pair = /([A-Za-z0-9_.%-]+)\s*=\s*'((?:[^'\\]|\\.)*)'/g;

/**
 * Reads the comment at the end of a text, or at its beginning where the end has none, without reading the SQL. Values are
 * what any client wrote: they may be wrong, and are never to be trusted with more than a choice that the rules allow.
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

/** `/*iris*\/` before a statement says that it is IRIS SQL already and goes to IRIS as it stands. */
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
    return value; // a stray percent sign: taken as it stands
  }
}
