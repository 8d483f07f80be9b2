import { configRows, isChangeable, type ConfigRow } from '../config-rows.ts';
import { longestMs } from '../durations.ts';
import type { ProxyConfig } from '../proxy-config.ts';
import { settingsTable } from './settings-table.ts';

type Read = (config: ProxyConfig) => string | number | undefined;

/** Settings whose field is not one, and those that have one value here. */
const others: Readonly<Record<string, { readonly field: string; readonly read: Read }>> = {
  auth_file: { field: 'auth.userFile', read: ({ auth }) => auth.userFile },
  auth_query: { field: 'auth.query.sql', read: ({ auth }) => auth.query?.sql },
  auth_type: { field: 'auth.method', read: ({ auth }) => typeOf(auth) },
  auth_user: { field: 'auth.query.user', read: ({ auth }) => auth.query?.user },
  listen_addr: { field: 'listen.host', read: ({ listen }) => listen.host },
  listen_backlog: { field: 'listen.port', read: () => 1_024 },
  log_pooler_errors: { field: 'listen.port', read: () => 1 },
  max_prepared_statements: { field: 'pool.preparedStatements', read: ({ pool }) => pool.preparedStatements },
  max_user_client_connections: { field: 'users.*', read: ({ users }) => users['*']?.clientsMax ?? 0 },
  max_user_connections: { field: 'users.*', read: ({ users }) => users['*']?.backendsMax ?? 0 },
  peer_id: { field: 'instance.id', read: ({ instance }) => instance.id ?? 0 },
  unix_socket_dir: { field: 'listen.socket', read: ({ listen }) => listen.socket?.folder },
};

/**
 * The settings of PgBouncer that have a field here, by its names and in its units, seconds: monitors look for them in SHOW CONFIG.
 * What holds for one database or user is not among them.
 */
export function pgbouncerRows(config: ProxyConfig): readonly ConfigRow[] {
  const fields = new Map(configRows(config).map((row) => [row.key, row]));
  const rows = Object.entries(settingsTable).flatMap(([key, fate]): ConfigRow[] => {
    const other = Object.hasOwn(others, key) ? others[key] : undefined;
    if (other !== undefined) return [rowOf(key, other.field, String(other.read(config) ?? ''))];
    if (typeof fate === 'string' || !('to' in fate)) return [];
    return [rowOf(key, fate.to, inItsUnits(fate.to, fields.get(fate.to)?.value ?? ''))];
  });
  return rows.sort((one, next) => (one.key < next.key ? -1 : 1));
}

const rowOf = (key: string, field: string, value: string): ConfigRow => ({
  ...{ key, value, scope: 'global', changeable: isChangeable(field) ? 'yes' : 'no' },
});

function inItsUnits(field: string, value: string): string {
  if (value === 'true' || value === 'false') return value === 'true' ? '1' : '0';
  if (!field.endsWith('Ms') || value === '') return value.replaceAll(',', ', ');
  return Number(value) >= longestMs ? '0' : String(Number(value) / 1_000);
}

function typeOf({ rules, method }: ProxyConfig['auth']): string {
  if (rules.length > 0) return 'hba';
  return method === 'password' ? 'plain' : method;
}
