import { didYouMean } from '../did-you-mean.ts';
import { readConnectQuery } from './connect-query.ts';
import type { ConfigBuilder } from './config-builder.ts';
import { queryOf } from './ini-auth.ts';
import { readParameters, type IniEntry } from './ini-file.ts';
import { hostsOf } from '../../upstream/host-rotation.ts';
import { isSocketFolder } from '../../upstream/connect.ts';
import { readCInteger, readMilliseconds, oldestTls, oneOf, socketFolder, tlsMode, readInteger } from './ini-values.ts';
import { scopedSettingsTable } from './settings-table.ts';

/** Session settings that a connection string may request from the server. */
const sessionParameters = ['client_encoding', 'datestyle', 'timezone', 'application_name'];
/** How users of a database are looked up. */
const authParameters = ['auth_user', 'auth_query', 'auth_dbname'];
/** What a connection string may contain besides limits. */
const parametersOfDatabases = [
  ...['host', 'port', 'load_balance_hosts', 'dbname', 'user', 'password', 'connect_query'],
  ...sessionParameters,
  ...authParameters,
];

/** The largest number that fits into a process id besides the client's. */
const peerIdMax = 255;

type Parameters = ReadonlyMap<string, string>;
type Upstreams = Record<string, { host: string; port: number; lookupMs?: number; [field: string]: unknown }>;

export function readDatabases(entries: readonly IniEntry[], builder: ConfigBuilder): void {
  const upstreams: Upstreams = {};
  const databases: Record<string, unknown> = {};
  for (const entry of entries) {
    const parameters = readParameters(entry.value);
    if (parameters === undefined)
      builder.problems.push(`${entry.place}: ${entry.key}: the connection string is not valid`);
    else databases[entry.key] = databaseOf(entry, parameters, builder, upstreams);
  }
  if (entries.length === 0) builder.notes.push('[databases]: is empty; clients can connect only to the console');
  const lookupMs = readMilliseconds(builder.value('dns_max_ttl') ?? '15');
  if (lookupMs === undefined) builder.problem('dns_max_ttl', 'is not a number of seconds');
  // With 0 every connection looks the name up again.
  for (const upstream of Object.values(upstreams)) upstream.lookupMs = Math.max(1_000, lookupMs ?? 0);
  builder.set('upstreams', upstreams);
  builder.set('databases', databases);
}

function databaseOf(entry: IniEntry, parameters: Parameters, builder: ConfigBuilder, upstreams: Upstreams): object {
  const [database, user, password] = ['dbname', 'user', 'password'].map((name) => parameters.get(name));
  const isOfUser = password !== undefined && user !== undefined;
  const asksItself = authParameters.some((name) => parameters.has(name));
  const authQuery = asksItself ? queryOf(builder, parameters) : undefined;
  const startupParameters = startupParametersOf(entry, parameters, builder);
  return {
    ...generalLimits(builder, 'max_db_connections', 'max_db_client_connections'),
    ...scopedSettings(entry, parameters, builder, parametersOfDatabases),
    upstream: upstreamOf(entry, parameters, builder, upstreams),
    ...(database !== undefined && { database }),
    ...(user !== undefined && { user }),
    ...(isOfUser && { password: builder.secret(`databases.${entry.key}`, password) }),
    ...(authQuery !== undefined && { authQuery }),
    ...(Object.keys(startupParameters).length > 0 && { parameters: startupParameters }),
  };
}

/** The name of the server, which is added to `upstreams`. Databases with the same parameters share it. */
function upstreamOf(entry: IniEntry, parameters: Parameters, builder: ConfigBuilder, upstreams: Upstreams): string {
  const problem = (what: string): void => void builder.problems.push(`${entry.place}: ${entry.key}: ${what}`);
  const own = builder.value('unix_socket_dir') ?? socketFolder;
  const [host = own, port = '5432'] = [parameters.get('host'), parameters.get('port')];
  const number = readInteger(port);
  if (number === undefined) problem(`${port} is not a port`);
  const balancing = oneOf('round-robin', 'disable')(parameters.get('load_balance_hosts') ?? 'round-robin');
  if (balancing === undefined) problem('load_balance_hosts must be round-robin or disable');
  const isList = host.includes(',');
  const name = `${host}:${port}${isList && balancing === 'disable' ? ', one after the other' : ''}`;
  upstreams[name] = {
    host,
    port: number ?? 5432,
    allowCleartext: true,
    ...serverTls(builder, host),
    ...(isList && { loadBalanceHosts: balancing }),
  };
  return name;
}

/** The start-up settings of its sessions. */
function startupParametersOf({ key, place }: IniEntry, parameters: Parameters, builder: ConfigBuilder): object {
  const set = readConnectQuery(parameters.get('connect_query') ?? '');
  if (set === undefined) builder.problems.push(`${place}: ${key}: connect_query can only SET session settings here`);
  const said = [...parameters].filter(([name]) => sessionParameters.includes(name));
  return { ...Object.fromEntries(said), ...set };
}

export function readUsers(entries: readonly IniEntry[], builder: ConfigBuilder): void {
  const limits = generalLimits(builder, 'max_user_connections', 'max_user_client_connections');
  const users: Record<string, unknown> = Object.keys(limits).length > 0 ? { '*': limits } : {};
  for (const entry of entries) {
    const parameters = readParameters(entry.value);
    if (parameters === undefined) builder.problems.push(`${entry.place}: ${entry.key}: its settings are not valid`);
    // In PgBouncer an ordinary name; here it would stand for all users.
    else if (entry.key === '*')
      builder.problems.push(`${entry.place}: *: is not supported; settings for all users belong in [pgbouncer]`);
    else users[entry.key] = { ...limits, ...scopedSettings(entry, parameters, builder, []) };
  }
  builder.set('users', users);
}

export function readPeers(entries: readonly IniEntry[], builder: ConfigBuilder): void {
  const id = readCInteger(builder.value('peer_id') ?? '0');
  if (id === undefined || id > peerIdMax)
    return builder.problem('peer_id', `must be a number from 1 to ${peerIdMax} here`);
  const peers: Record<string, unknown> = {};
  for (const { key, value, place } of entries) {
    const report = (of: string[], what: string): void => void of.push(`${place}: ${key}: ${what}`);
    const parameters = readParameters(value) ?? new Map<string, string>();
    const [host, port] = [parameters.get('host'), readInteger(parameters.get('port') ?? '6432')];
    const number = readInteger(key) ?? 0;
    const unknown = [...parameters.keys()].find((name) => !['host', 'port', 'pool_size'].includes(name));
    if (number < 1 || number > peerIdMax)
      report(
        builder.problems,
        `peers are numbered from 1 to ${peerIdMax} here; renumber them in the files of all peers`,
      );
    else if (unknown !== undefined) report(builder.problems, `there is no setting ${unknown} of a peer`);
    else if (host === undefined || port === undefined) report(builder.problems, 'a peer needs a host and a port here');
    else if (id === 0) report(builder.notes, 'has no effect without peer_id, the number of this process');
    else if (number !== id) peers[number] = { host, port };
    if (parameters.has('pool_size'))
      report(builder.notes, 'pool_size has no effect here: each cancel request uses its own connection');
  }
  if (id !== 0) builder.set('instance', { id, peers });
}

function scopedSettings(
  { key, place }: IniEntry,
  parameters: Parameters,
  builder: ConfigBuilder,
  others: readonly string[],
): object {
  const found: Record<string, unknown> = {};
  for (const [name, text] of parameters) {
    if (others.includes(name)) continue;
    const mapping = Object.hasOwn(scopedSettingsTable, name) ? scopedSettingsTable[name] : undefined;
    const value = mapping?.read(text);
    if (mapping === undefined)
      builder.problems.push(`${place}: ${key}: there is no setting ${name}${suggestionFor(name, others)}`);
    else if (value === undefined) builder.problems.push(`${place}: ${key}: ${name}: "${text}" is not a valid value`);
    // 0 means no limit, and no value of its own.
    else if (value !== 0 || !['backendsMax', 'clientsMax', 'size', 'lifetimeMs'].includes(mapping.field))
      found[mapping.field] = value;
  }
  return found;
}

/** libpq knows more parameters than PgBouncer accepts. */
function suggestionFor(name: string, others: readonly string[]): string {
  if (name.startsWith('ssl')) return '; server_tls_sslmode and the like in [pgbouncer] set it for all servers';
  return didYouMean(name, [...Object.keys(scopedSettingsTable), ...others]);
}

function generalLimits(builder: ConfigBuilder, backends: string, clients: string): object {
  const limit = (name: string): number => {
    const value = readCInteger(builder.value(name) ?? '0');
    if (value === undefined) builder.problem(name, 'is not a number');
    return value ?? 0;
  };
  const [backendsMax, clientsMax] = [limit(backends), limit(clients)];
  return { ...(backendsMax > 0 && { backendsMax }), ...(clientsMax > 0 && { clientsMax }) };
}

/** Unless told otherwise, PgBouncer uses TLS if the server offers it; never on a Unix socket. */
function serverTls(builder: ConfigBuilder, host: string): object {
  const mode = tlsMode(builder.value('server_tls_sslmode') ?? 'prefer');
  if (mode === undefined) builder.problem('server_tls_sslmode', 'has no such value');
  if (mode === 'disable' || hostsOf(host).every(isSocketFolder)) return { tls: 'disable' };
  const tls = mode === 'allow' ? 'prefer' : mode;
  const [ca, certificate, key] = ['ca', 'cert', 'key'].map((what) => builder.file(`server_tls_${what}_file`));
  return {
    tls,
    tlsMinVersion: oldestTls(builder.value('server_tls_protocols') ?? ''),
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && key !== undefined && { certificate, key }),
  };
}
