import { configRows, isChangeable, type ConfigRow } from '../config-rows.ts';
import { longestMs } from '../durations.ts';
import type { ProxyConfig } from '../proxy-config.ts';
import { fieldOf } from './setting-fields.ts';
import { settingsTable } from './settings-table.ts';

type Read = (config: ProxyConfig) => string | number | undefined;

/** Settings whose value comes from several fields, or is always the same. */
const derivedSettings: Readonly<Record<string, Read>> = {
  auth_file: ({ auth }) => auth.userFile,
  auth_query: ({ auth }) => auth.query?.sql,
  auth_type: ({ auth }) => typeOf(auth),
  auth_user: ({ auth }) => auth.query?.user,
  listen_addr: ({ listen }) => listen.host,
  listen_backlog: () => 1_024,
  log_pooler_errors: () => 1,
  max_prepared_statements: ({ pool }) => pool.preparedStatements,
  max_user_client_connections: ({ users }) => users['*']?.clientsMax ?? 0,
  max_user_connections: ({ users }) => users['*']?.backendsMax ?? 0,
  peer_id: ({ instance }) => instance.id ?? 0,
  unix_socket_dir: ({ listen }) => listen.socket?.folder,
};
/** Settings without a field here are fixed from the start. */
const fixedField = 'listen.port';

/**
 * PgBouncer's settings that have a field here, with its names and units (seconds): monitoring looks for them in SHOW CONFIG. Settings of
 * single databases or users are not included.
 */
export function pgbouncerRows(config: ProxyConfig): readonly ConfigRow[] {
  const fields = new Map(configRows(config).map((row) => [row.key, row]));
  const rows = Object.entries(settingsTable).flatMap(([key, mapping]): ConfigRow[] => {
    const other = Object.hasOwn(derivedSettings, key) ? derivedSettings[key] : undefined;
    if (other !== undefined) return [rowOf(key, fieldOf(key) ?? fixedField, String(other(config) ?? ''))];
    if (typeof mapping === 'string' || !('field' in mapping)) return [];
    return [rowOf(key, mapping.field, inPgbouncerUnits(mapping.field, fields.get(mapping.field)?.value ?? ''))];
  });
  return rows.sort((one, next) => (one.key < next.key ? -1 : 1));
}

const rowOf = (key: string, field: string, value: string): ConfigRow => ({
  key,
  value,
  scope: 'global',
  changeable: isChangeable(field) ? 'yes' : 'no',
});

function inPgbouncerUnits(field: string, value: string): string {
  if (value === 'true' || value === 'false') return value === 'true' ? '1' : '0';
  if (!field.endsWith('Ms') || value === '') return value.replaceAll(',', ', ');
  return Number(value) >= longestMs ? '0' : String(Number(value) / 1_000);
}

function typeOf({ rules, method }: ProxyConfig['auth']): string {
  if (rules.length > 0) return 'hba';
  return method === 'password' ? 'plain' : method;
}
