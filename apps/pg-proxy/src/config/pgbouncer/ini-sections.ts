import { meantName } from '../meant-name.ts';
import { readConnectQuery } from './connect-query.ts';
import type { Gathering } from './gathering.ts';
import { queryOf } from './ini-auth.ts';
import { readParameters, type IniEntry } from './ini-file.ts';
import { hostsOf } from '../../upstream/host-rotation.ts';
import { isSocketFolder } from '../../upstream/connect.ts';
import { asInC, milliseconds, oldestTls, oneOf, socketFolder, tlsMode, whole } from './ini-values.ts';
import { narrowTable } from './settings-table.ts';

/** Session settings that a connection string may request from the server. */
const sessionParameters = ['client_encoding', 'datestyle', 'timezone', 'application_name'];
/** How users of a database are looked up. */
const lookups = ['auth_user', 'auth_query', 'auth_dbname'];
/** What a connection string may contain besides limits. */
const parametersOfDatabases = [
  ...['host', 'port', 'load_balance_hosts', 'dbname', 'user', 'password', 'connect_query'],
  ...sessionParameters,
  ...lookups,
];

/** The largest number that fits into a process id besides the client's. */
const peerIdMax = 255;

type Parameters = ReadonlyMap<string, string>;
type Upstreams = Record<string, { host: string; port: number; lookupMs?: number; [field: string]: unknown }>;

export function readDatabases(entries: readonly IniEntry[], gathering: Gathering): void {
  const upstreams: Upstreams = {};
  const databases: Record<string, unknown> = {};
  for (const entry of entries) {
    const parameters = readParameters(entry.value);
    if (parameters === undefined)
      gathering.problems.push(`${entry.place}: ${entry.key}: the connection string is not valid`);
    else databases[entry.key] = databaseOf(entry, parameters, gathering, upstreams);
  }
  if (entries.length === 0) gathering.notes.push('[databases]: is empty; clients can connect only to the console');
  const lookupMs = milliseconds(gathering.value('dns_max_ttl') ?? '15');
  if (lookupMs === undefined) gathering.problem('dns_max_ttl', 'is not a number of seconds');
  // With 0 every connection looks the name up again.
  for (const upstream of Object.values(upstreams)) upstream.lookupMs = Math.max(1_000, lookupMs ?? 0);
  gathering.set('upstreams', upstreams);
  gathering.set('databases', databases);
}

function databaseOf(entry: IniEntry, parameters: Parameters, gathering: Gathering, upstreams: Upstreams): object {
  const [database, user, password] = ['dbname', 'user', 'password'].map((name) => parameters.get(name));
  const isOfUser = password !== undefined && user !== undefined;
  const asksItself = lookups.some((name) => parameters.has(name));
  const authQuery = asksItself ? queryOf(gathering, parameters) : undefined;
  const begins = beginningOf(entry, parameters, gathering);
  return {
    ...generalLimits(gathering, 'max_db_connections', 'max_db_client_connections'),
    ...narrowed(entry, parameters, gathering, parametersOfDatabases),
    upstream: upstreamOf(entry, parameters, gathering, upstreams),
    ...(database !== undefined && { database }),
    ...(user !== undefined && { user }),
    ...(isOfUser && { password: gathering.secret(`databases.${entry.key}`, password) }),
    ...(authQuery !== undefined && { authQuery }),
    ...(Object.keys(begins).length > 0 && { parameters: begins }),
  };
}

/** The name of the server, which is added to `upstreams`. Databases with the same parameters share it. */
function upstreamOf(entry: IniEntry, parameters: Parameters, gathering: Gathering, upstreams: Upstreams): string {
  const problem = (what: string): void => void gathering.problems.push(`${entry.place}: ${entry.key}: ${what}`);
  const own = gathering.value('unix_socket_dir') ?? socketFolder;
  const [host = own, port = '5432'] = [parameters.get('host'), parameters.get('port')];
  const number = whole(port);
  if (number === undefined) problem(`${port} is not a port`);
  const turns = oneOf('round-robin', 'disable')(parameters.get('load_balance_hosts') ?? 'round-robin');
  if (turns === undefined) problem('load_balance_hosts must be round-robin or disable');
  const isList = host.includes(',');
  const name = `${host}:${port}${isList && turns === 'disable' ? ', one after the other' : ''}`;
  upstreams[name] = {
    host,
    port: number ?? 5432,
    allowCleartext: true,
    ...serverTls(gathering, host),
    ...(isList && { loadBalanceHosts: turns }),
  };
  return name;
}

/** The start-up settings of its sessions. */
function beginningOf({ key, place }: IniEntry, parameters: Parameters, gathering: Gathering): object {
  const set = readConnectQuery(parameters.get('connect_query') ?? '');
  if (set === undefined) gathering.problems.push(`${place}: ${key}: connect_query can only SET session settings here`);
  const said = [...parameters].filter(([name]) => sessionParameters.includes(name));
  return { ...Object.fromEntries(said), ...set };
}

export function readUsers(entries: readonly IniEntry[], gathering: Gathering): void {
  const limits = generalLimits(gathering, 'max_user_connections', 'max_user_client_connections');
  const users: Record<string, unknown> = Object.keys(limits).length > 0 ? { '*': limits } : {};
  for (const entry of entries) {
    const parameters = readParameters(entry.value);
    if (parameters === undefined) gathering.problems.push(`${entry.place}: ${entry.key}: its settings are not valid`);
    // In PgBouncer an ordinary name; here it would stand for all users.
    else if (entry.key === '*')
      gathering.problems.push(`${entry.place}: *: is not supported; settings for all users belong in [pgbouncer]`);
    else users[entry.key] = { ...limits, ...narrowed(entry, parameters, gathering, []) };
  }
  gathering.set('users', users);
}

export function readPeers(entries: readonly IniEntry[], gathering: Gathering): void {
  const id = asInC(gathering.value('peer_id') ?? '0');
  if (id === undefined || id > peerIdMax)
    return gathering.problem('peer_id', `must be a number from 1 to ${peerIdMax} here`);
  const peers: Record<string, unknown> = {};
  for (const { key, value, place } of entries) {
    const said = (of: string[], what: string): void => void of.push(`${place}: ${key}: ${what}`);
    const parameters = readParameters(value) ?? new Map<string, string>();
    const [host, port] = [parameters.get('host'), whole(parameters.get('port') ?? '6432')];
    const number = whole(key) ?? 0;
    const unknown = [...parameters.keys()].find((name) => !['host', 'port', 'pool_size'].includes(name));
    if (number < 1 || number > peerIdMax)
      said(
        gathering.problems,
        `peers are numbered from 1 to ${peerIdMax} here; renumber them in the files of all peers`,
      );
    else if (unknown !== undefined) said(gathering.problems, `there is no setting ${unknown} of a peer`);
    else if (host === undefined || port === undefined) said(gathering.problems, 'a peer needs a host and a port here');
    else if (id === 0) said(gathering.notes, 'has no effect without peer_id, the number of this process');
    else if (number !== id) peers[number] = { host, port };
    if (parameters.has('pool_size'))
      said(gathering.notes, 'pool_size has no effect here: each cancel request uses its own connection');
  }
  if (id !== 0) gathering.set('instance', { id, peers });
}

function narrowed(
  { key, place }: IniEntry,
  parameters: Parameters,
  gathering: Gathering,
  others: readonly string[],
): object {
  const found: Record<string, unknown> = {};
  for (const [name, text] of parameters) {
    if (others.includes(name)) continue;
    const fate = Object.hasOwn(narrowTable, name) ? narrowTable[name] : undefined;
    const value = fate?.read(text);
    if (fate === undefined)
      gathering.problems.push(`${place}: ${key}: there is no setting ${name}${insteadOf(name, others)}`);
    else if (value === undefined) gathering.problems.push(`${place}: ${key}: ${name}: "${text}" is not a valid value`);
    // 0 means no limit, and no value of its own.
    else if (value !== 0 || !['backendsMax', 'clientsMax', 'size', 'lifetimeMs'].includes(fate.to))
      found[fate.to] = value;
  }
  return found;
}

/** libpq knows more parameters than PgBouncer accepts. */
function insteadOf(name: string, others: readonly string[]): string {
  if (name.startsWith('ssl')) return '; server_tls_sslmode and the like in [pgbouncer] set it for all servers';
  return meantName(name, [...Object.keys(narrowTable), ...others]);
}

function generalLimits(gathering: Gathering, backends: string, clients: string): object {
  const limit = (name: string): number => {
    const value = asInC(gathering.value(name) ?? '0');
    if (value === undefined) gathering.problem(name, 'is not a number');
    return value ?? 0;
  };
  const [backendsMax, clientsMax] = [limit(backends), limit(clients)];
  return { ...(backendsMax > 0 && { backendsMax }), ...(clientsMax > 0 && { clientsMax }) };
}

/** Unless told otherwise, PgBouncer uses TLS if the server offers it; never on a Unix socket. */
function serverTls(gathering: Gathering, host: string): object {
  const mode = tlsMode(gathering.value('server_tls_sslmode') ?? 'prefer');
  if (mode === undefined) gathering.problem('server_tls_sslmode', 'has no such value');
  if (mode === 'disable' || hostsOf(host).every(isSocketFolder)) return { tls: 'disable' };
  const tls = mode === 'allow' ? 'prefer' : mode;
  const [ca, certificate, key] = ['ca', 'cert', 'key'].map((what) => gathering.file(`server_tls_${what}_file`));
  return {
    tls,
    tlsMinVersion: oldestTls(gathering.value('server_tls_protocols') ?? ''),
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && key !== undefined && { certificate, key }),
  };
}
