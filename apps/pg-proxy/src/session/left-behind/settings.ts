import { bytesOf, hasKeptBytes, withoutKeptBytes, type Report, type WireFault } from '@medrex/pg-wire';
import { saysWho } from '@medrex/sql';
import { timeoutOf } from '../../config/session-settings.ts';
import { dateStyleAfter } from './date-style.ts';
import { isAscii } from './letters.ts';
import { settingsOfOptions } from './startup-options.ts';

/** What a client wants set in its session, from its startup packet: names in lower case. */
export type Settings = ReadonlyMap<string, string>;

/** Parameters of a startup packet that are no settings. */
const notSettings = new Set(['user', 'database', 'options', 'replication']);

/**
 * A server looks at them when a process begins, and at no later time says that nothing comes of them; or it is the other way round: who
 * logs in stays who he is, whatever session_authorization says.
 */
const ofNewProcesses = ['local_preload_libraries', 'session_preload_libraries', 'session_authorization'];
/** What a session says to a setting that a new process may take: not at this time, or not of a name that there is not. */
const takenAtStart: ReadonlySet<string> = new Set(['55P02', '42704']);

/** Whether a process that begins with these settings may do with them what a session does not. */
export function wantProcess(settings: Settings, refused: Report | undefined): boolean {
  const isOfNewProcess = ofNewProcesses.some((name) => (settings.get(name) ?? '') !== '');
  return isOfNewProcess || (refused !== undefined && takenAtStart.has(refused.sqlstate));
}

/** What PgBouncer follows of each session: a client has it however much it ignores. */
const neverIgnored = new Set([
  ...['application_name', 'client_encoding', 'datestyle', 'intervalstyle'],
  ...['standard_conforming_strings', 'timezone'],
]);

/**
 * The settings of a startup packet, with those in `options`. A fault: not understood.
 *
 * @param ignored names of parameters of which nothing comes, in lower case; `options`: whatever stands there
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
    const said = name === 'application_name' ? withoutKeptBytes(value) : value;
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
 * It means the same whatever standard_conforming_strings and client_encoding are, of which nobody knows what they are by then. What is
 * not UTF-8 is as a startup packet had it, which a server takes byte by byte.
 */
export function literal(value: string): string {
  if (isAscii(value)) return `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
  const encoding = hasKeptBytes(value) ? 'pg_catalog.getdatabaseencoding()' : "'UTF8'";
  return `pg_catalog.convert_from(E'\\\\x${bytesOf(value).toString('hex')}',${encoding})`;
}

/**
 * Behind it a server that does not take a setting ends the session: what is under way already must not run with what somebody else has
 * set. RESET ALL would take it back.
 */
const orEnd = 'SET LOCAL exit_on_error TO on';

/** A value that says one part of it (`ISO`) leaves the other as it is, which must be that of the server. */
const ofTwoParts = 'datestyle';

/**
 * The statements that take a session from some settings to others, as one query; undefined when there is nothing to do.
 *
 * @param isAwaited nothing is run before its answer is there: a refusal is an error as any other
 */
export function changeOf(from: Settings, to: Settings, isAwaited: boolean): string | undefined {
  const statements: string[] = [];
  for (const [name, value] of from)
    if (!to.has(name) || (name === ofTwoParts && to.get(name) !== value)) statements.push(reset(name));
  for (const [name, value] of to) if (from.get(name) !== value) statements.push(setTo(name, value));
  if (statements.length === 0) return undefined;
  return [...(isAwaited ? [] : [orEnd]), ...statements].join(';');
}

/** The same from settings that nobody knows for certain. @param from those that it was given last */
export function changeFromUnknown(from: Settings, to: Settings, isAwaited: boolean): string {
  const sets = [...to].map(([name, value]) => setTo(name, value));
  const resets = [...from.keys()].filter((name) => saysWho(name) && !to.has(name)).map(reset);
  const changes = [...resets, ...sets];
  return ['RESET ALL', ...(isAwaited || changes.length === 0 ? [] : [orEnd]), ...changes].join(';');
}

/** On a busy machine what takes a shorter one back may itself last longer. */
const hastyBelowMs = 50;

/** They have a statement_timeout that may end what is to take it back, before anything of that has run. */
export function areHasty(settings: Settings): boolean {
  const timeoutMs = timeoutOf(settings, 'statement_timeout');
  return timeoutMs > 0 && timeoutMs < hastyBelowMs;
}

/** SET quotes each word of theirs, where a startup packet has a list. */
const quotedLists: ReadonlySet<string> = new Set([
  ...['search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries'],
]);
const plainWords = /^[a-z_][a-z0-9_]*(?:, [a-z_][a-z0-9_]*)*$/;

/**
 * One statement for each of them. A SET, behind which SET TRANSACTION is still taken, where that comes to the same text as what the login
 * has said.
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

/** What each of them is to everybody; a custom one that nobody has named yet becomes empty. */
export const resetEach = (names: readonly string[]): string => names.map(reset).join(';');

/** Not SET: this takes a value as a startup packet has it, lists too. It is not answered, which the client's encoding may not be able to. */
const setConfig = (name: string, value: string, isLocal = false): string =>
  `pg_catalog.set_config(${name},${value},${isLocal}) IS NULL`;
