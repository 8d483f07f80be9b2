import { resolve } from 'node:path';
import { didYouMean } from '../did-you-mean.ts';
import { ConfigBuilder } from './config-builder.ts';
import { readAuth } from './ini-auth.ts';
import { readDatabases, readPeers, readUsers } from './ini-sections.ts';
import { readIni, type IniEntry } from './ini-file.ts';
import { readCInteger, readList, oldestTls, socketFolder, tlsMode, readBoolean } from './ini-values.ts';
import { settingOf } from './setting-fields.ts';
import { pgbouncerDefaults, settingsTable } from './settings-table.ts';

/** The port of the process with peer_id 1, if several listen on one port. */
const firstMetricsPort = 9475;

/** If the section [pgbouncer] starts again, PgBouncer resets all settings to their defaults, except these, which have none. */
const withoutDefault: ReadonlySet<string> = new Set(['auth_file', 'auth_user', 'auth_dbname', 'auth_ldap_options']);

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
  readonly inIniTerms: (problem: string) => string;
}

/** Settings made by SET at the console, by name; they override the file. */
export type SettingOverrides = ReadonlyMap<string, string>;

/** @param read returns the text of a file; throws if it cannot be read */
export function fromIni(
  file: string,
  read: (file: string) => string,
  overrides: SettingOverrides = new Map(),
): FromIni {
  const { entries, begins, problems } = readIni(file, read);
  const entriesOf = (section: string): IniEntry[] => entries.filter((entry) => entry.section === section);
  const last = begins.get('pgbouncer') ?? 0;
  const isReset = (entry: IniEntry): boolean => entries.indexOf(entry) < last && !withoutDefault.has(entry.key);
  const general = new Map(entriesOf('pgbouncer').flatMap((entry) => (isReset(entry) ? [] : [[entry.key, entry]])));
  for (const [key, value] of overrides) general.set(key, { section: 'pgbouncer', key, value, place: 'SET' });
  const builder = new ConfigBuilder(general, read);
  builder.problems.push(...problems);
  for (const { key, place } of entriesOf('pgbouncer').filter(isReset))
    builder.notes.push(`${place}: ${key} is ignored: [pgbouncer] begins again later, with all defaults`);
  for (const [path, value] of Object.entries(pgbouncerDefaults)) builder.set(path, value);
  for (const entry of general.values()) addSetting(entry, builder);
  readListen(builder);
  readDatabases(entriesOf('databases'), builder);
  readUsers(entriesOf('users'), builder);
  readPeers(entriesOf('peers'), builder);
  limitWaits(builder);
  readMetrics(builder);
  readAuth(builder);
  for (const { section, place } of entries)
    if (!['pgbouncer', 'databases', 'users', 'peers'].includes(section))
      builder.problems.push(`${place}: there is no section [${section}]`);
  const { config, secrets, notes } = builder;
  const inIniTerms = (problem: string): string => withPlace(problem, entries, builder);
  return { config, secrets, notes, problems: builder.problems, inIniTerms };
}

/** A field that the file does not set keeps its own name. */
function withPlace(problem: string, entries: readonly IniEntry[], builder: ConfigBuilder): string {
  const at = problem.indexOf(': ');
  const [field, words] = [databaseFieldOf(problem.slice(0, at), builder), problem.slice(at + 2)];
  const own = entries.find(({ section, key }) => field.startsWith(`${section}.${key}.`));
  if (own !== undefined)
    return `${own.place}: ${own.key}: ${field.slice(`${own.section}.${own.key}.`.length)}: ${words}`;
  const setting = settingOf(field);
  return setting === undefined ? problem : builder.at(setting, words);
}

/** The host of an upstream comes from its databases in the file. */
function databaseFieldOf(field: string, { config }: ConfigBuilder): string {
  const [, name] = /^upstreams\.(.*)\.host$/.exec(field) ?? [];
  if (name === undefined) return field;
  const databases = Object.entries(config['databases'] as Record<string, { readonly upstream?: string }>);
  const [key] = databases.find(([, { upstream }]) => upstream === name) ?? [];
  return key === undefined ? field : `databases.${key}.host`;
}

function addSetting({ key, value, place }: IniEntry, builder: ConfigBuilder): void {
  const mapping = Object.hasOwn(settingsTable, key) ? settingsTable[key] : undefined;
  if (mapping === undefined)
    builder.problems.push(`${place}: there is no setting ${key}${didYouMean(key, Object.keys(settingsTable))}`);
  else if (mapping === 'readSeparately') return;
  else if ('noEffect' in mapping) builder.notes.push(`${place}: ${key} has no effect here: ${mapping.noEffect}`);
  else if ('refused' in mapping) {
    if (mapping.unless?.test(value) !== true) builder.problems.push(`${place}: ${key}: ${mapping.refused}`);
  } else {
    const read = mapping.read(value);
    if (read === undefined) builder.problems.push(`${place}: ${key}: "${value}" is not a valid value`);
    else builder.set(mapping.field, read);
  }
}

function readListen(builder: ConfigBuilder): void {
  builder.set('listen.host', readList(builder.value('listen_addr') ?? '').join(', '));
  readSocket(builder);
  const prepared = readCInteger(builder.value('max_prepared_statements') ?? '200');
  if (prepared === undefined) builder.problem('max_prepared_statements', 'is not a number');
  else if (prepared > 0) builder.set('pool.preparedStatements', prepared);
  else
    builder.note(
      'max_prepared_statements',
      'cannot be turned off: prepared statements are always shared, 200 on each backend',
    );
  readClientTls(builder);
}

/** An empty folder means no socket. */
function readSocket(builder: ConfigBuilder): void {
  const folder = builder.general.get('unix_socket_dir')?.value ?? socketFolder;
  const mode = builder.value('unix_socket_mode');
  if (folder.startsWith('@'))
    return builder.problem('unix_socket_dir', 'abstract sockets are not supported; name a folder');
  if (folder !== '') builder.set('listen.socket', { folder: resolve(folder), ...(mode !== undefined && { mode }) });
}

/** A client waits for a backend no longer than its statement may take; the file's global value holds for all, whatever is set for one. */
function limitWaits({ config }: ConfigBuilder): void {
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
function readMetrics(builder: ConfigBuilder): void {
  if (readBoolean(builder.value('so_reuseport') ?? '0') !== true) return;
  const id = readCInteger(builder.value('peer_id') ?? '0') ?? 0;
  const port = id === 0 ? 0 : firstMetricsPort + id - 1;
  builder.set('metrics.port', port);
  const where = port === 0 ? 'a free port, shown in the log of the start' : `port ${port}, by peer_id`;
  builder.note(
    'so_reuseport',
    `metrics of this process are at ${where}; metrics.port in a file given by --config changes it`,
  );
}

function readClientTls(builder: ConfigBuilder): void {
  const mode = tlsMode(builder.value('client_tls_sslmode') ?? 'disable');
  if (mode === undefined) return builder.problem('client_tls_sslmode', 'has no such value');
  if (mode === 'disable') return;
  const [certificate, key] = [builder.file('client_tls_cert_file'), builder.file('client_tls_key_file')];
  if (certificate === undefined || key === undefined)
    return builder.problem('client_tls_sslmode', 'needs client_tls_cert_file and client_tls_key_file');
  const clientCa = builder.file('client_tls_ca_file');
  const isVerified = mode.startsWith('verify-');
  if (isVerified && clientCa === undefined) return builder.problem('client_tls_sslmode', 'needs client_tls_ca_file');
  builder.set('listen.tls', {
    mode: ['allow', 'prefer'].includes(mode) ? 'allow' : 'require',
    certificate,
    key,
    minVersion: oldestTls(builder.value('client_tls_protocols') ?? ''),
    ...(clientCa !== undefined && { clientCa, clientCertificate: isVerified ? 'require' : 'optional' }),
  });
}
