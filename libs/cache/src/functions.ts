import { volatilityOf } from '@medrex/sql';

/** Volatility of functions by name, from the catalogue: the highest of all overloads. */
export type FunctionFacts = ReadonlyMap<string, 'immutable' | 'stable' | 'volatile'>;

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** Functions that depend only on session settings, which are part of the cache key. */
const dependingOnSettings = words(`
  to_char to_date to_timestamp to_number date_trunc date_part extract timezone to_tsvector to_tsquery plainto_tsquery
  phraseto_tsquery websearch_to_tsquery ts_headline to_json to_jsonb row_to_json array_to_json json_build_object
  jsonb_build_object json_build_array jsonb_build_array json_agg jsonb_agg json_object_agg jsonb_object_agg concat concat_ws
  format string_agg array_to_string quote_literal quote_nullable generate_series make_timestamptz pg_typeof
  current_user session_user user current_role current_catalog current_database`);

/** Functions that depend only on definitions and session settings. */
const dependingOnDefinitions = words(`
  current_schema current_schemas version has_table_privilege has_schema_privilege has_database_privilege has_column_privilege
  has_any_column_privilege has_function_privilege has_sequence_privilege has_type_privilege pg_has_role pg_table_is_visible
  pg_type_is_visible pg_function_is_visible pg_operator_is_visible pg_opclass_is_visible pg_conversion_is_visible
  pg_ts_config_is_visible pg_ts_dict_is_visible pg_ts_parser_is_visible pg_collation_is_visible pg_statistics_obj_is_visible
  format_type pg_get_expr pg_get_constraintdef pg_get_indexdef pg_get_viewdef pg_get_ruledef pg_get_triggerdef
  pg_get_functiondef pg_get_function_arguments pg_get_function_identity_arguments pg_get_function_result pg_get_userbyid
  pg_get_serial_sequence pg_get_keywords pg_get_partkeydef pg_get_partition_constraintdef pg_get_statisticsobjdef
  pg_get_statisticsobjdef_columns pg_encoding_to_char pg_char_to_encoding obj_description col_description
  shobj_description pg_relation_is_updatable pg_column_is_updatable pg_relation_is_publishable to_regclass to_regtype
  to_regproc to_regprocedure to_regnamespace to_regrole pg_options_to_table pg_indexam_has_property
  pg_index_has_property pg_index_column_has_property aclexplode acldefault makeaclitem pg_get_acl row_security_active`);

/** Volatile functions that write no table. */
const writesNothing = words(`
  random random_normal setseed clock_timestamp timeofday gen_random_uuid uuidv4 uuidv7 uuid_generate_v1 uuid_generate_v1mc
  uuid_generate_v4 gen_random_bytes gen_salt nextval setval currval lastval pg_sleep pg_sleep_for pg_sleep_until set_config
  pg_advisory_lock pg_advisory_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared pg_advisory_unlock
  pg_advisory_unlock_shared pg_advisory_unlock_all pg_advisory_xact_lock pg_advisory_xact_lock_shared
  pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared txid_current pg_current_xact_id txid_current_if_assigned
  pg_notify pg_cancel_backend pg_terminate_backend pg_export_snapshot pg_stat_clear_snapshot pg_relation_size
  pg_total_relation_size pg_table_size pg_indexes_size pg_database_size pg_current_wal_lsn pg_last_wal_replay_lsn
  pg_is_in_recovery pg_backend_pid`);

const splitName = (call: string): [name: string, schema: string | undefined] => {
  const dot = call.lastIndexOf('.');
  return dot < 0 ? [call, undefined] : [call.slice(dot + 1), call.slice(0, dot)];
};

/** Whether a result computed with this function stays valid while the relations that it was read from do not change. */
export function isCacheable(call: string, facts: FunctionFacts): boolean {
  const [name, schema] = splitName(call);
  const known = volatilityOf(name, schema);
  if (known === 'unknown') return facts.get(name) === 'immutable';
  return known === 'immutable' || (schema === undefined && dependingOnSettings.has(name));
}

/** The same for queries of the catalogue, which change with DDL only. */
export function isCacheableForCatalog(call: string): boolean {
  const [name, schema] = splitName(call);
  return (
    volatilityOf(name, schema) === 'immutable' || dependingOnSettings.has(name) || dependingOnDefinitions.has(name)
  );
}

/** Whether calling it may change a table. Functions declared stable or immutable are trusted, as PostgreSQL does. */
export function mayWrite(call: string, facts: FunctionFacts): boolean {
  const [name, schema] = splitName(call);
  const known = volatilityOf(name, schema);
  if (known === 'unknown') return facts.get(name) !== 'immutable' && facts.get(name) !== 'stable';
  return known === 'volatile' && !writesNothing.has(name);
}
