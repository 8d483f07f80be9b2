import { bytesOf, hasInvalidBytes, replaceInvalidBytes, type Report, type WireFault } from '@medrex/pg-wire';
import { isRoleSetting } from '@medrex/sql';
import { timeoutOf } from '../../config/session-settings.ts';
import { dateStyleAfter } from './date-style.ts';
import { isAscii } from './text-encoding.ts';
import { settingsOfOptions } from './startup-options.ts';

/** What a client sets in its startup packet; names in lower case. */
export type Settings = ReadonlyMap<string, string>;

/** Parameters of a startup packet that are not settings. */
const notSettings = new Set(['user', 'database', 'options', 'replication']);

/**
 * Settings that take effect only when a process starts, though a session accepts them later; or the reverse: session_authorization in a
 * startup packet has no effect.
 */
const startOnlySettings = ['local_preload_libraries', 'session_preload_libraries', 'session_authorization'];
/** How a session refuses a setting that only a new process may take: not now, or unknown. */
const startOnlyErrors: ReadonlySet<string> = new Set(['55P02', '42704']);

/** Whether a process started with these settings may accept what a session does not. */
export function needOwnProcess(settings: Settings, refused: Report | undefined): boolean {
  const isOfNewProcess = startOnlySettings.some((name) => (settings.get(name) ?? '') !== '');
  return isOfNewProcess || (refused !== undefined && startOnlyErrors.has(refused.sqlstate));
}

/** The parameters that PgBouncer tracks for each session: a client has them whatever is ignored. */
const neverIgnored = new Set([
  ...['application_name', 'client_encoding', 'datestyle', 'intervalstyle'],
  ...['standard_conforming_strings', 'timezone'],
]);

/**
 * The settings of a startup packet, including those in `options`. A fault: it cannot be understood.
 *
 * @param ignored names of parameters to ignore, in lower case; `options` ignores whatever stands there
 */
export function settingsOf(
  parameters: ReadonlyMap<string, string>,
  ignored: ReadonlySet<string> = new Set(),
): Map<string, string> | WireFault {
  const settings = new Map<string, string>();
  const set = (given: string, value: string, isIgnored: boolean): void => {
    const name = given.toLowerCase();
    if (!neverIgnored.has(name) && (isIgnored || ignored.has(name))) return;
    const before = name === 'datestyle' ? settings.get(name) : undefined;
    const said = name === 'application_name' ? replaceInvalidBytes(value) : value;
    settings.set(name, before === undefined ? said : dateStyleAfter(before, said));
  };
  const options = settingsOfOptions(parameters.get('options') ?? '');
  if ('sqlstate' in options) return options;
  for (const [name, value] of options) set(name, value, ignored.has('options'));
  for (const [name, value] of parameters)
    if (!notSettings.has(name) && !name.startsWith('_pq_.')) set(name, value, false);
  return settings;
}

/** Equal for equal settings. */
export function settingsKey(settings: Settings): string {
  return JSON.stringify([...settings].sort(([one], [other]) => (one < other ? -1 : 1)));
}

const identifier = (name: string): string =>
  name
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.');

/**
 * A literal that means the same whatever standard_conforming_strings and client_encoding are, since their values are unknown at that point.
 * Bytes that are not valid UTF-8 are passed as a startup packet had them.
 */
export function literal(value: string): string {
  if (isAscii(value)) return `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
  const encoding = hasInvalidBytes(value) ? 'pg_catalog.getdatabaseencoding()' : "'UTF8'";
  return `pg_catalog.convert_from(E'\\\\x${bytesOf(value).toString('hex')}',${encoding})`;
}

/**
 * After this, a server that refuses a setting ends the session: what has already been sent must not run under another client's settings.
 * RESET ALL would undo it.
 */
const exitOnError = 'SET LOCAL exit_on_error TO on';

/** A value that gives only one part (`ISO`) leaves the other as it is, which must be the server's own. */
const twoPartSetting = 'datestyle';

/**
 * The statements, as one query, that change a session from one set of settings to another; undefined: there is nothing to do.
 *
 * @param isAwaited the result is awaited before anything else is sent, so a refusal is an ordinary error
 */
export function changeOf(from: Settings, to: Settings, isAwaited: boolean): string | undefined {
  const statements: string[] = [];
  for (const [name, value] of from)
    if (!to.has(name) || (name === twoPartSetting && to.get(name) !== value)) statements.push(reset(name));
  for (const [name, value] of to) if (from.get(name) !== value) statements.push(setTo(name, value));
  if (statements.length === 0) return undefined;
  return [...(isAwaited ? [] : [exitOnError]), ...statements].join(';');
}

/** The same from settings that are not known for certain. @param from those that it was given last */
export function changeFromUnknown(from: Settings, to: Settings, isAwaited: boolean): string {
  const sets = [...to].map(([name, value]) => setTo(name, value));
  const resets = [...from.keys()].filter((name) => isRoleSetting(name) && !to.has(name)).map(reset);
  const changes = [...resets, ...sets];
  return ['RESET ALL', ...(isAwaited || changes.length === 0 ? [] : [exitOnError]), ...changes].join(';');
}

/** A shorter statement_timeout could end the very statements that reset it, on a busy machine. */
const shortTimeoutMs = 50;

/** They contain a statement_timeout short enough to end the reset before it takes effect. */
export function haveShortTimeout(settings: Settings): boolean {
  const timeoutMs = timeoutOf(settings, 'statement_timeout');
  return timeoutMs > 0 && timeoutMs < shortTimeoutMs;
}

/** SET quotes each element of these, where a startup packet has a list. */
const quotedLists: ReadonlySet<string> = new Set([
  ...['search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries'],
]);
const plainWords = /^[a-z_][a-z0-9_]*(?:, [a-z_][a-z0-9_]*)*$/;

/**
 * One statement for each setting. A SET if that yields the same value as the login did, because SET TRANSACTION is still allowed after it.
 */
export function setEach(settings: Settings, isLocal: boolean): string[] {
  return [...settings].map(([name, value]) => {
    const isList = quotedLists.has(name);
    if (!isAscii(name + value) || (isList && !plainWords.test(value))) return setTo(name, value, isLocal);
    const words = isList ? value.split(', ') : [value];
    return `SET ${isLocal ? 'LOCAL ' : ''}${identifier(name)} TO ${words.map(literal).join(',')}`;
  });
}

const setTo = (name: string, value: string, isLocal = false): string =>
  `SELECT ${setConfig(literal(name), literal(value), isLocal)}`;
const reset = (name: string): string =>
  isAscii(name) ? `RESET ${identifier(name)}` : `SELECT ${setConfig(literal(name), 'NULL')}`;

/** Resets each of them to its default; a custom setting that does not exist yet becomes empty. */
export const resetEach = (names: readonly string[]): string => names.map(reset).join(';');

/**
 * Not SET: set_config takes a value as a startup packet has it, lists included. The result is not returned, because the client's encoding
 * may not be able to represent it.
 */
const setConfig = (name: string, value: string, isLocal = false): string =>
  `pg_catalog.set_config(${name},${value},${isLocal}) IS NULL`;
