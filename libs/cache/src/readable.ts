import type { RelationName, Statement } from '@medrex/sql';
import { cacheableCatalogues } from './definitions.ts';
import { isCacheable, isCacheableForCatalog, type FunctionFacts } from './functions.ts';

/** What the answer to a statement depends on. `schema`: the catalogue only, which changes with DDL. */
export type Readable =
  { readonly kind: 'rows'; readonly relations: readonly RelationName[] } | { readonly kind: 'schema' } | undefined;

/** Words in date literals that mean the current time. */
const clockWords = /\b(?:now|today|tomorrow|yesterday)\b/i;

/** Whether a text or value may be a date that depends on the current time. */
export const mentionsCurrentTime = (text: string): boolean => clockWords.test(text);

/** What the answer of a statement depends on, by its text and the volatility of its functions. */
export function readableOf(statement: Statement, text: string, facts: FunctionFacts): Readable {
  const { kind, reads, writes, effects, calls, isReadOnly, readsCatalogOnly } = statement;
  if (kind !== 'select' || writes.length > 0 || effects.length > 0 || mentionsCurrentTime(text)) return undefined;
  if (readsCatalogOnly || (reads.length === 0 && calls.length > 0))
    return isReadOnly && reads.every(isCacheableCatalogue) && calls.every(isCacheableForCatalog)
      ? { kind: 'schema' }
      : undefined;
  // A statement is also not read-only if it locks rows or calls unknown functions.
  const isReading = isReadOnly || statement.volatility === 'unknown';
  return isReading && !statement.locksRows && reads.length > 0 && calls.every((call) => isCacheable(call, facts))
    ? { kind: 'rows', relations: reads }
    : undefined;
}

function isCacheableCatalogue({ schema, name }: RelationName): boolean {
  return schema === 'information_schema' || cacheableCatalogues.has(name);
}
