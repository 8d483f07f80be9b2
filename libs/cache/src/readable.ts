import type { RelationName, Statement } from '@medrex/sql';
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

/** Catalogues that change with DDL; counters, activity, settings and the like change by themselves. */
const steady: ReadonlySet<string> = new Set(
  `pg_aggregate pg_am pg_amop pg_amproc pg_attrdef pg_attribute pg_auth_members pg_authid pg_cast pg_class pg_collation
  pg_constraint pg_conversion pg_database pg_db_role_setting pg_default_acl pg_depend pg_description pg_enum pg_event_trigger
  pg_extension pg_foreign_data_wrapper pg_foreign_server pg_foreign_table pg_group pg_index pg_indexes pg_inherits pg_init_privs
  pg_language pg_matviews pg_namespace pg_opclass pg_operator pg_opfamily pg_partitioned_table pg_policies pg_policy pg_proc
  pg_publication pg_publication_rel pg_publication_tables pg_publication_namespace pg_range pg_rewrite pg_roles pg_rules
  pg_seclabel pg_seclabels pg_sequence pg_shdepend pg_shdescription pg_shseclabel pg_statistic_ext pg_subscription pg_tables
  pg_tablespace pg_transform pg_trigger pg_ts_config pg_ts_config_map pg_ts_dict pg_ts_parser pg_ts_template pg_type pg_user
  pg_user_mapping pg_user_mappings pg_views`.split(/\s+/),
);

function isSteady({ schema, name }: RelationName): boolean {
  return schema === 'information_schema' ? true : steady.has(name);
}
