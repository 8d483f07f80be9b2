import type { RelationName, Statement } from '@medrex/sql';
import { steadyCatalogues } from './definitions.ts';
import { isSettled, isSettledInSchema, type FunctionFacts } from './functions.ts';

/** What an answer would be read from. `schema`: from the catalogue, and it changes with DDL. */
export type Readable =
  { readonly kind: 'rows'; readonly relations: readonly RelationName[] } | { readonly kind: 'schema' } | undefined;

/** Texts that a date is made of by the clock. */
const clockWords = /\b(?:now|today|tomorrow|yesterday)\b/i;

/** Whether a text, or a value, may mean another date tomorrow. */
export const namesTheClock = (text: string): boolean => clockWords.test(text);

/** Whether what a statement answers can be shown again, by its text and by what is known of functions. */
export function readableOf(statement: Statement, text: string, facts: FunctionFacts): Readable {
  const { kind, reads, writes, effects, calls, isReadOnly, readsCatalogOnly } = statement;
  if (kind !== 'select' || writes.length > 0 || effects.length > 0 || namesTheClock(text)) return undefined;
  if (readsCatalogOnly || (reads.length === 0 && calls.length > 0))
    return isReadOnly && reads.every(isSteady) && calls.every(isSettledInSchema) ? { kind: 'schema' } : undefined;
  // Rows that are locked, and functions that nobody knows, make a statement one that is not read-only.
  const isReading = isReadOnly || statement.volatility === 'unknown';
  return isReading && !statement.locksRows && reads.length > 0 && calls.every((call) => isSettled(call, facts))
    ? { kind: 'rows', relations: reads }
    : undefined;
}

function isSteady({ schema, name }: RelationName): boolean {
  return schema === 'information_schema' || steadyCatalogues.has(name);
}
