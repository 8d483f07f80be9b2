import type { PatientAlias } from '@medrex/contracts';
import type { JsonValue } from '@medrex/execute-batch';

/**
 * The merges that an applied operation carried out, read from the contract's result: a list with one result per entry.
 */
export function mergesInResult(detail: JsonValue): readonly PatientAlias[] {
  return listOf(detail)
    .flatMap((entry) => listOf(memberOf(entry, 'merged')))
    .flatMap((merge) => {
      const [from, into] = [memberOf(merge, 'from'), memberOf(merge, 'into')];
      return typeof from === 'string' && typeof into === 'string' ? [{ from, into }] : [];
    });
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}

function memberOf(value: JsonValue, name: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return (value as Readonly<Record<string, JsonValue>>)[name];
}
