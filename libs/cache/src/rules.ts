import type { RelationName, Statement } from '@medrex/sql';

/** Which answers are kept: those that all that is said here fits. */
export interface CacheRule {
  readonly databases?: readonly string[] | undefined;
  readonly users?: readonly string[] | undefined;
  /** Every table that it reads is one of them, with its schema or without. */
  readonly tables?: readonly string[] | undefined;
  readonly fingerprints?: readonly string[] | undefined;
  readonly ttlMs?: number | undefined;
}

/**
 * The rules that one client's statements can fall under. All who fall under the same have the same list: what is found out by it is found
 * again, and there are as many as there are rules that differ, however many users there are.
 */
export class RuleLists {
  readonly #rules: readonly CacheRule[];
  /** By the places of the rules in the configuration. */
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

/** The first that fits. */
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
