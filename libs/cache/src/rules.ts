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

/** The rules that one client's statements can fall under. */
export function rulesFor(rules: readonly CacheRule[], database: string, user: string): readonly CacheRule[] {
  return rules.filter(
    ({ databases, users }) => (databases?.includes(database) ?? true) && (users?.includes(user) ?? true),
  );
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
