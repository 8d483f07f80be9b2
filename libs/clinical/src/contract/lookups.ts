import type { JsonObject, JsonValue, State } from '@medrex/execute-batch';
import { placeholder, type Entry } from './entry.ts';
import { identifierKey } from './record-keys.ts';
import { reject } from './rejects.ts';
import { readJson } from './state-json.ts';

/**
 * Finds what an entry's conditional references name. Returns ids by placeholder.
 * @throws Reject NO_MATCH, naming the element
 */
export async function findLookups(entry: Entry, state: State): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const { type, digest, expression, otherwise } of entry.lookups ?? []) {
    const id = (await recordedId(state, digest)) ?? otherwise;
    if (id === undefined) {
      throw reject(
        'NO_MATCH',
        `no ${type} was recorded with the identifier of this conditional reference; create it first`,
        { expression },
      );
    }
    found.set(placeholder(digest), id);
  }
  return found;
}

/** Id of the resource that was recorded first with an identifier. */
export async function recordedId(state: State, digest: string): Promise<string | undefined> {
  const id = (await readJson(state, identifierKey(digest)))?.['id'];
  return typeof id === 'string' ? id : undefined;
}

/** Puts found ids where the facts have placeholders. */
export function withFound(facts: JsonObject, found: ReadonlyMap<string, string>): JsonObject {
  return found.size === 0 ? facts : (replaced(facts, found) as JsonObject);
}

function replaced(value: JsonValue, found: ReadonlyMap<string, string>): JsonValue {
  if (typeof value === 'string') return found.get(value) ?? value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map((item) => replaced(item, found));
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, replaced(field, found)]));
}
