import { scopedSettingsTable, settingsTable } from './settings-table.ts';

/** Settings that are read together with others, and the field that each is, or is part of; `*`: of every upstream, or of every user. */
const combinedSettings: Readonly<Record<string, string>> = {
  auth_file: 'auth.userFile',
  auth_hba_file: 'auth.rules',
  auth_ldap_options: 'auth.ldap',
  auth_query: 'auth.query.sql',
  auth_type: 'auth.method',
  auth_user: 'auth.query.user',
  client_tls_ca_file: 'listen.tls.clientCa',
  client_tls_cert_file: 'listen.tls.certificate',
  client_tls_key_file: 'listen.tls.key',
  client_tls_sslmode: 'listen.tls',
  listen_addr: 'listen.host',
  max_prepared_statements: 'pool.preparedStatements',
  max_user_client_connections: 'users.*.clientsMax',
  max_user_connections: 'users.*.backendsMax',
  peer_id: 'instance.id',
  server_tls_ca_file: 'upstreams.*.ca',
  server_tls_cert_file: 'upstreams.*.certificate',
  server_tls_key_file: 'upstreams.*.key',
  server_tls_sslmode: 'upstreams.*.tls',
  unix_socket_dir: 'listen.socket.folder',
  unix_socket_mode: 'listen.socket.mode',
};

/** The field for a setting of section [pgbouncer], by its path. */
export function fieldOf(setting: string): string | undefined {
  if (Object.hasOwn(combinedSettings, setting)) return combinedSettings[setting];
  const mapping = Object.hasOwn(settingsTable, setting) ? settingsTable[setting] : undefined;
  return typeof mapping === 'object' && 'field' in mapping ? mapping.field : undefined;
}

/** The field for a setting of a database or of a user. */
export const scopedFieldOf = (setting: string): string | undefined =>
  Object.hasOwn(scopedSettingsTable, setting) ? scopedSettingsTable[setting]?.field : undefined;

const ofUpstream = /^upstreams\..*?(?:\.(ca|certificate|key|tls))?$/;

/** The setting of section [pgbouncer] that sets a field, or a part of it. */
export function settingOf(field: string): string | undefined {
  const path = field.replace(ofUpstream, (_, last = 'tls') => `upstreams.*.${last}`);
  const all = Object.keys(settingsTable).flatMap((setting) => {
    const own = fieldOf(setting);
    return own === undefined || !`${path}.`.startsWith(`${own}.`) ? [] : [{ setting, length: own.length }];
  });
  return all.sort((one, next) => next.length - one.length)[0]?.setting;
}
