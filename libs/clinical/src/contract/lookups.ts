import type { JsonObject, JsonValue, State } from '@medrex/execute-batch';
import { placeholder, type Entry } from './entry.ts';
import { holderOf } from './identifier-line.ts';
import { reject } from './rejects.ts';

/**
 * Looks up the conditional references of an entry. Returns the ids by placeholder.
 * @throws Reject NO_MATCH or MULTIPLE_MATCHES, with the expression of the reference
 */
export async function findLookups(entry: Entry, state: State): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const { type, digest, expression, otherwise } of entry.lookups ?? []) {
    const id = (await holderOf(state, type, digest, expression)) ?? otherwise;
    if (id === undefined) {
      throw reject('NO_MATCH', `no ${type} has the identifier of this conditional reference; create it first`, {
        expression,
      });
    }
    found.set(placeholder(digest), id);
  }
  return found;
}

/** The facts with the found ids in place of placeholders. */
export function withFoundIds(facts: JsonObject, found: ReadonlyMap<string, string>): JsonObject {
  return found.size === 0 ? facts : (substituted(facts, found) as JsonObject);
}

function substituted(value: JsonValue, found: ReadonlyMap<string, string>): JsonValue {
  if (typeof value === 'string') return found.get(value) ?? value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map((item) => substituted(item, found));
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, substituted(field, found)]));
}
