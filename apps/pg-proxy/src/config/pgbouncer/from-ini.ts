import { resolve } from 'node:path';
import { meantName } from '../meant-name.ts';
import { Gathering } from './gathering.ts';
import { readAuth } from './ini-auth.ts';
import { readDatabases, readPeers, readUsers } from './ini-sections.ts';
import { readIni, type IniEntry } from './ini-file.ts';
import { asInC, names, oldestTls, socketFolder, tlsMode, yes } from './ini-values.ts';
import { settingOf } from './setting-fields.ts';
import { pgbouncerDefaults, settingsTable } from './settings-table.ts';

/** The port of the process with peer_id 1, if several listen on one port. */
const firstMetricsPort = 9475;

/** If the section [pgbouncer] starts again, PgBouncer resets all settings to their defaults, except these, which have none. */
const isKept: ReadonlySet<string> = new Set(['auth_file', 'auth_user', 'auth_dbname', 'auth_ldap_options']);

/** A pgbouncer.ini, translated. */
export interface FromIni {
  /** As the JSON configuration has it. */
  readonly config: Record<string, unknown>;
  /** Secrets found in the file, by the names that `config` uses as environment variables. */
  readonly secrets: Readonly<Record<string, string>>;
  /** What has no effect here, or another one, by place and name. */
  readonly notes: readonly string[];
  /** Why the file cannot be used. */
  readonly problems: readonly string[];
  /** Translates a problem of the configuration (`auth.userFile: is missing`) to the place and name in the file. */
  readonly inItsWords: (problem: string) => string;
}

/** Settings made by SET at the console, by name; they override the file. */
export type SaidSettings = ReadonlyMap<string, string>;

/** @param read returns the text of a file; throws if it cannot be read */
export function fromIni(file: string, read: (file: string) => string, said: SaidSettings = new Map()): FromIni {
  const { entries, begins, problems } = readIni(file, read);
  const of = (section: string): IniEntry[] => entries.filter((entry) => entry.section === section);
  const last = begins.get('pgbouncer') ?? 0;
  const isForgotten = (entry: IniEntry): boolean => entries.indexOf(entry) < last && !isKept.has(entry.key);
  const general = new Map(of('pgbouncer').flatMap((entry) => (isForgotten(entry) ? [] : [[entry.key, entry]])));
  for (const [key, value] of said) general.set(key, { section: 'pgbouncer', key, value, place: 'SET' });
  const gathering = new Gathering(general, read);
  gathering.problems.push(...problems);
  for (const { key, place } of of('pgbouncer').filter(isForgotten))
    gathering.notes.push(`${place}: ${key} is ignored: [pgbouncer] begins again later, with all defaults`);
  for (const [path, value] of Object.entries(pgbouncerDefaults)) gathering.set(path, value);
  for (const entry of general.values()) takeSetting(entry, gathering);
  readListen(gathering);
  readDatabases(of('databases'), gathering);
  readUsers(of('users'), gathering);
  readPeers(of('peers'), gathering);
  boundWaits(gathering);
  readMetrics(gathering);
  readAuth(gathering);
  for (const { section, place } of entries)
    if (!['pgbouncer', 'databases', 'users', 'peers'].includes(section))
      gathering.problems.push(`${place}: there is no section [${section}]`);
  const { config, secrets, notes } = gathering;
  const inItsWords = (problem: string): string => placed(problem, entries, gathering);
  return { config, secrets, notes, problems: gathering.problems, inItsWords };
}

/** A field that the file does not set keeps its own name. */
function placed(problem: string, entries: readonly IniEntry[], gathering: Gathering): string {
  const at = problem.indexOf(': ');
  const [field, words] = [ofDatabase(problem.slice(0, at), gathering), problem.slice(at + 2)];
  const own = entries.find(({ section, key }) => field.startsWith(`${section}.${key}.`));
  if (own !== undefined)
    return `${own.place}: ${own.key}: ${field.slice(`${own.section}.${own.key}.`.length)}: ${words}`;
  const setting = settingOf(field);
  return setting === undefined ? problem : gathering.at(setting, words);
}

/** The host of an upstream comes from its databases in the file. */
function ofDatabase(field: string, { config }: Gathering): string {
  const [, name] = /^upstreams\.(.*)\.host$/.exec(field) ?? [];
  if (name === undefined) return field;
  const databases = Object.entries(config['databases'] as Record<string, { readonly upstream?: string }>);
  const [key] = databases.find(([, { upstream }]) => upstream === name) ?? [];
  return key === undefined ? field : `databases.${key}.host`;
}

function takeSetting({ key, value, place }: IniEntry, gathering: Gathering): void {
  const fate = Object.hasOwn(settingsTable, key) ? settingsTable[key] : undefined;
  if (fate === undefined)
    gathering.problems.push(`${place}: there is no setting ${key}${meantName(key, Object.keys(settingsTable))}`);
  else if (fate === 'elsewhere') return;
  else if ('nothing' in fate) gathering.notes.push(`${place}: ${key} has no effect here: ${fate.nothing}`);
  else if ('refused' in fate) {
    if (fate.unless?.test(value) !== true) gathering.problems.push(`${place}: ${key}: ${fate.refused}`);
  } else {
    const read = fate.read(value);
    if (read === undefined) gathering.problems.push(`${place}: ${key}: "${value}" is not a valid value`);
    else gathering.set(fate.to, read);
  }
}

function readListen(gathering: Gathering): void {
  gathering.set('listen.host', names(gathering.value('listen_addr') ?? '').join(', '));
  readSocket(gathering);
  const prepared = asInC(gathering.value('max_prepared_statements') ?? '200');
  if (prepared === undefined) gathering.problem('max_prepared_statements', 'is not a number');
  else if (prepared > 0) gathering.set('pool.preparedStatements', prepared);
  else
    gathering.note(
      'max_prepared_statements',
      'cannot be turned off: prepared statements are always shared, 200 on each backend',
    );
  readClientTls(gathering);
}

/** An empty folder means no socket. */
function readSocket(gathering: Gathering): void {
  const folder = gathering.general.get('unix_socket_dir')?.value ?? socketFolder;
  const mode = gathering.value('unix_socket_mode');
  if (folder.startsWith('@'))
    return gathering.problem('unix_socket_dir', 'abstract sockets are not supported; name a folder');
  if (folder !== '') gathering.set('listen.socket', { folder: resolve(folder), ...(mode !== undefined && { mode }) });
}

/** A client waits for a backend no longer than its statement may take; the file's global value holds for all, whatever is set for one. */
function boundWaits({ config }: Gathering): void {
  const pool = config['pool'] as WithTimeouts;
  const { queryTimeoutMs = 0 } = pool;
  if (queryTimeoutMs === 0) return;
  const narrower = ['databases', 'users'].flatMap((name) =>
    Object.values(config[name] as Record<string, WithTimeouts>),
  );
  for (const scope of [pool, ...narrower])
    if (scope.waitTimeoutMs !== undefined) scope.waitTimeoutMs = Math.min(scope.waitTimeoutMs, queryTimeoutMs);
}

interface WithTimeouts {
  readonly queryTimeoutMs?: number;
  waitTimeoutMs?: number;
}

/** Processes on one host share the clients' port, but cannot share the port of metrics. */
function readMetrics(gathering: Gathering): void {
  if (yes(gathering.value('so_reuseport') ?? '0') !== true) return;
  const id = asInC(gathering.value('peer_id') ?? '0') ?? 0;
  const port = id === 0 ? 0 : firstMetricsPort + id - 1;
  gathering.set('metrics.port', port);
  const where = port === 0 ? 'a free port, shown in the log of the start' : `port ${port}, by peer_id`;
  gathering.note(
    'so_reuseport',
    `metrics of this process are at ${where}; metrics.port in a file given by --config changes it`,
  );
}

function readClientTls(gathering: Gathering): void {
  const mode = tlsMode(gathering.value('client_tls_sslmode') ?? 'disable');
  if (mode === undefined) return gathering.problem('client_tls_sslmode', 'has no such value');
  if (mode === 'disable') return;
  const [certificate, key] = [gathering.file('client_tls_cert_file'), gathering.file('client_tls_key_file')];
  if (certificate === undefined || key === undefined)
    return gathering.problem('client_tls_sslmode', 'needs client_tls_cert_file and client_tls_key_file');
  const clientCa = gathering.file('client_tls_ca_file');
  const isVerified = mode.startsWith('verify-');
  if (isVerified && clientCa === undefined) return gathering.problem('client_tls_sslmode', 'needs client_tls_ca_file');
  gathering.set('listen.tls', {
    mode: ['allow', 'prefer'].includes(mode) ? 'allow' : 'require',
    certificate,
    key,
    minVersion: oldestTls(gathering.value('client_tls_protocols') ?? ''),
    ...(clientCa !== undefined && { clientCa, clientCertificate: isVerified ? 'require' : 'optional' }),
  });
}
