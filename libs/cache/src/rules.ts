import type { RelationName, Statement } from '@medrex/sql';

/** Selects the answers to cache: those that match all given fields. */
export interface CacheRule {
  readonly databases?: readonly string[] | undefined;
  readonly users?: readonly string[] | undefined;
  /** All tables that the statement reads are in this list, by qualified or unqualified name. */
  readonly tables?: readonly string[] | undefined;
  readonly fingerprints?: readonly string[] | undefined;
  readonly ttlMs?: number | undefined;
}

/**
 * The rules that apply to a client, by user and database. Clients to which the same rules apply share one list object, so facts cached by
 * list are shared, and the number of lists does not grow with the users.
 */
export class RuleLists {
  readonly #rules: readonly CacheRule[];
  /** By the indexes of the rules in the configuration. */
  readonly #lists = new Map<string, readonly CacheRule[]>();

  constructor(rules: readonly CacheRule[]) {
    this.#rules = rules;
  }

  of(database: string, user: string): readonly CacheRule[] {
    const places = this.#rules.flatMap((rule, at) => (isFor(rule, database, user) ? [at] : []));
    const key = places.join();
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const list = this.#rules.filter((_, at) => places.includes(at));
    this.#lists.set(key, list);
    return list;
  }
}

function isFor({ databases, users }: CacheRule, database: string, user: string): boolean {
  return (databases?.includes(database) ?? true) && (users?.includes(user) ?? true);
}

/** The first rule that matches. */
export function ruleOf(rules: readonly CacheRule[], { reads, fingerprint }: Statement): CacheRule | undefined {
  return rules.find(
    ({ tables, fingerprints }) =>
      (tables === undefined || reads.every((read) => isNamed(tables, read))) &&
      (fingerprints?.includes(fingerprint) ?? true),
  );
}

function isNamed(tables: readonly string[], { schema, name }: RelationName): boolean {
  if (schema !== undefined) return tables.includes(`${schema}.${name}`) || tables.includes(name);
  return tables.some((table) => table === name || table.endsWith(`.${name}`));
}
