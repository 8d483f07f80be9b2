/** Volatility as in PostgreSQL. `unknown`: not a built-in function, or not listed here. */
export type Volatility = 'immutable' | 'stable' | 'volatile' | 'unknown';

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

const volatile = words(`
  random random_normal setseed clock_timestamp timeofday gen_random_uuid uuidv4 uuidv7 uuid_generate_v1 uuid_generate_v1mc
  uuid_generate_v4 gen_random_bytes gen_salt nextval setval currval lastval pg_sleep pg_sleep_for pg_sleep_until set_config
  pg_advisory_lock pg_advisory_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared pg_advisory_unlock
  pg_advisory_unlock_shared pg_advisory_unlock_all pg_advisory_xact_lock pg_advisory_xact_lock_shared
  pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared txid_current pg_current_xact_id txid_current_if_assigned
  pg_notify pg_cancel_backend pg_terminate_backend pg_reload_conf pg_rotate_logfile pg_switch_wal pg_create_restore_point
  pg_export_snapshot pg_logical_emit_message pg_stat_reset pg_stat_reset_shared pg_stat_clear_snapshot pg_promote
  pg_backup_start pg_backup_stop pg_read_file pg_read_binary_file pg_ls_dir pg_stat_file pg_relation_size
  pg_total_relation_size pg_table_size pg_indexes_size pg_database_size pg_current_wal_lsn pg_last_wal_replay_lsn
  pg_is_in_recovery lo_create lo_creat lo_open lo_close lo_unlink lo_import lo_export lo_put lo_get lo_from_bytea loread
  lowrite lo_lseek lo_tell lo_truncate query_to_xml cursor_to_xml table_to_xml database_to_xml schema_to_xml
  dblink dblink_exec dblink_connect dblink_connect_u dblink_disconnect dblink_send_query pg_stat_statements_reset`);

const stable = words(`
  now transaction_timestamp statement_timestamp age current_setting current_user session_user user current_schema
  current_schemas current_database current_catalog current_query current_date current_time current_timestamp localtime
  localtimestamp version inet_client_addr inet_client_port inet_server_addr inet_server_port pg_backend_pid
  pg_postmaster_start_time pg_conf_load_time pg_my_temp_schema pg_is_other_temp_schema has_table_privilege
  has_schema_privilege has_database_privilege has_column_privilege has_any_column_privilege has_function_privilege
  has_sequence_privilege has_type_privilege pg_has_role pg_table_is_visible pg_type_is_visible pg_function_is_visible
  pg_operator_is_visible pg_opclass_is_visible pg_conversion_is_visible pg_ts_config_is_visible pg_ts_dict_is_visible
  pg_ts_parser_is_visible pg_collation_is_visible pg_statistics_obj_is_visible format_type pg_get_expr pg_get_constraintdef
  pg_get_indexdef pg_get_viewdef pg_get_ruledef pg_get_triggerdef pg_get_functiondef pg_get_function_arguments
  pg_get_function_identity_arguments pg_get_function_result pg_get_userbyid pg_get_serial_sequence pg_get_keywords
  pg_get_partkeydef pg_get_partition_constraintdef pg_get_statisticsobjdef pg_get_statisticsobjdef_columns pg_encoding_to_char
  pg_char_to_encoding obj_description col_description shobj_description pg_tablespace_location pg_relation_filenode
  pg_relation_is_updatable pg_column_is_updatable pg_relation_is_publishable to_regclass to_regtype to_regproc to_regprocedure
  to_regnamespace to_regrole pg_options_to_table pg_indexam_has_property pg_index_has_property pg_index_column_has_property
  pg_stat_get_numscans pg_filenode_relation pg_size_pretty row_security_active to_char to_date to_timestamp to_number
  date_trunc date_part extract timezone to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_headline
  to_json to_jsonb row_to_json array_to_json json_build_object jsonb_build_object json_build_array jsonb_build_array json_agg
  jsonb_agg json_object_agg jsonb_object_agg json_populate_record jsonb_populate_record json_populate_recordset
  jsonb_populate_recordset json_to_record jsonb_to_record json_to_recordset jsonb_to_recordset concat concat_ws format
  string_agg array_to_string quote_literal quote_nullable generate_series make_timestamptz pg_typeof pg_column_size
  aclexplode acldefault makeaclitem pg_get_acl pg_listening_channels pg_show_all_settings pg_stat_get_activity pg_lock_status
  pg_blocking_pids pg_safe_snapshot_blocking_pids pg_timezone_names pg_timezone_abbrevs pg_available_extensions`);

const immutable = words(`
  count sum avg min max bool_and bool_or every array_agg stddev stddev_pop stddev_samp variance var_pop var_samp corr
  covar_pop covar_samp regr_slope regr_intercept regr_r2 regr_count percentile_cont percentile_disc mode bit_and bit_or
  row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value grouping
  abs ceil ceiling floor round trunc mod div sign sqrt cbrt exp ln log log10 power pow pi degrees radians sin cos tan cot asin
  acos atan atan2 width_bucket gcd lcm factorial greatest least coalesce nullif
  length char_length character_length octet_length bit_length lower upper initcap trim btrim ltrim rtrim lpad rpad substr
  substring left right replace translate overlay position strpos starts_with split_part like_escape similar_to_escape repeat reverse chr ascii md5 sha224
  sha256 sha384 sha512 encode decode quote_ident to_hex regexp_replace regexp_match regexp_matches regexp_split_to_array
  regexp_split_to_table regexp_count regexp_instr regexp_like regexp_substr string_to_array string_to_table
  make_date make_time make_timestamp make_interval justify_days justify_hours justify_interval isfinite date_bin
  cardinality array_length array_upper array_lower array_ndims array_dims array_append array_prepend array_cat array_position
  array_positions array_remove array_replace unnest trim_array array_fill
  json_array_length jsonb_array_length json_array_elements jsonb_array_elements json_array_elements_text
  jsonb_array_elements_text json_each jsonb_each json_each_text jsonb_each_text json_object_keys jsonb_object_keys
  json_extract_path jsonb_extract_path json_extract_path_text jsonb_extract_path_text json_typeof jsonb_typeof
  json_strip_nulls jsonb_strip_nulls jsonb_set jsonb_insert jsonb_pretty jsonb_path_query jsonb_path_exists jsonb_path_match
  jsonb_path_query_array jsonb_path_query_first
  tsvector_to_array ts_rank ts_rank_cd numnode querytree setweight strip lower_inc upper_inc isempty lower_inf upper_inf
  int4range int8range numrange daterange tsrange host masklen netmask network broadcast family text inet_merge
  box circle point line lseg path polygon area center diameter height width radius
  cosine_distance l2_distance inner_product l1_distance vector_dims vector_norm vector_cosine vector_dot_product`);

/** The volatility of a function; `unknown` for schemas other than pg_catalog. */
export function volatilityOf(name: string, schema?: string): Volatility {
  if (schema === 'information_schema' && name.startsWith('_pg_')) return 'immutable';
  if (schema !== undefined && schema !== 'pg_catalog') return 'unknown';
  if (immutable.has(name)) return 'immutable';
  if (stable.has(name)) return 'stable';
  return volatile.has(name) ? 'volatile' : 'unknown';
}

const fromLeastVolatile: readonly Volatility[] = ['immutable', 'stable', 'unknown', 'volatile'];

export function moreVolatile(left: Volatility, right: Volatility): Volatility {
  return fromLeastVolatile.indexOf(left) >= fromLeastVolatile.indexOf(right) ? left : right;
}

/** Functions whose effect on the session is unknown from their arguments. */
export const opaqueFunctions = words(`
  setseed dblink_connect dblink_connect_u dblink_open dblink_send_query pg_replication_origin_session_setup
  pg_logical_slot_get_changes pg_create_physical_replication_slot pg_create_logical_replication_slot set_limit`);

/** Functions that run an SQL text given as an argument: built-in ones and those of tablefunc. */
export const textFunctions = words(`
  query_to_xml query_to_xmlschema query_to_xml_and_xmlschema ts_stat ts_rewrite crosstab crosstab2 crosstab3 crosstab4`);

/** Functions that take or release session-level advisory locks. */
export const lockFunctions = words(
  'pg_advisory_lock pg_advisory_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared',
);
export const unlockFunctions = words('pg_advisory_unlock pg_advisory_unlock_shared pg_advisory_unlock_all');

/** Functions that set `currval` and `lastval` of the session. */
export const sequenceFunctions = words('nextval setval');
export const sequenceReaders = words('currval lastval');

/** Functions, built-in and of extensions, that leave state in a session. */
export const stateLeavingFunctions: readonly string[] = ['set_config', ...lockFunctions, ...opaqueFunctions];

/** These, and functions that release, show or use state of the session. */
export const sessionFunctions: readonly string[] = [
  ...stateLeavingFunctions,
  ...textFunctions,
  ...unlockFunctions,
  ...sequenceFunctions,
  ...sequenceReaders,
  ...['pg_backend_pid', 'pg_prepared_statement'],
];

export const aggregateFunctions = words(`
  count sum avg min max bool_and bool_or every array_agg string_agg json_agg jsonb_agg json_object_agg jsonb_object_agg stddev
  stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp regr_slope regr_intercept regr_r2 regr_count
  percentile_cont percentile_disc mode bit_and bit_or xmlagg`);

export const vectorFunctions = words(
  'cosine_distance l2_distance inner_product l1_distance vector_cosine vector_dot_product to_vector',
);
