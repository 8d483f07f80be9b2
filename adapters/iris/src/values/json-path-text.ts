import type { JsonStep } from '@medrex/sql';

const token = /\s*("(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+)/sy;

/** Where a value stands in a text. */
interface Place {
  readonly from: number;
  readonly to: number;
}

/**
 * The value that a path leads to, as it is written; null where there is none. Of equal keys the last one counts.
 * @param text well-formed JSON
 */
export function textAtPath(text: string, steps: readonly JsonStep[]): string | null {
  let place: Place | undefined = { from: 0, to: text.length };
  for (const step of steps) place = place && inside(text, place, step);
  return place === undefined ? null : text.slice(place.from, place.to).trim();
}

function inside(text: string, { from }: Place, { key, index }: JsonStep): Place | undefined {
  const opened = next(text, from);
  if (opened.word === '{') return key === undefined ? undefined : members(text, opened.to).get(key);
  return opened.word === '[' && index !== undefined ? elements(text, opened.to).at(index) : undefined;
}

function members(text: string, from: number): ReadonlyMap<string, Place> {
  const found = new Map<string, Place>();
  for (let name = next(text, from); name.word !== '}';) {
    const value = valueFrom(text, next(text, name.to).to); // behind the colon
    found.set(String(JSON.parse(name.word)), value);
    const after = next(text, value.to);
    name = after.word === ',' ? next(text, after.to) : after;
  }
  return found;
}

function elements(text: string, from: number): readonly Place[] {
  const found: Place[] = [];
  for (let at = from; next(text, at).word !== ']';) {
    const value = valueFrom(text, at);
    found.push(value);
    const after = next(text, value.to);
    at = after.word === ',' ? after.to : value.to;
  }
  return found;
}

/** Up to its end, whatever is in it. */
function valueFrom(text: string, from: number): Place {
  let depth = 0;
  let to = from;
  do {
    const { word, to: end } = next(text, to);
    if (word === '{' || word === '[') depth++;
    if (word === '}' || word === ']') depth--;
    to = end;
  } while (depth > 0);
  return { from, to };
}

function next(text: string, from: number): { readonly word: string; readonly to: number } {
  token.lastIndex = from;
  const word = token.exec(text)?.[1] ?? '';
  return { word, to: token.lastIndex };
}
