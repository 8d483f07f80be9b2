import { millisecondsOf, searchPathOf, timeText, type SearchPath } from '@medrex/sql';
import { SessionFault } from './session-fault.ts';

/** The server version reported to clients, which is that of the embedded PostgreSQL. */
export const serverVersion = '18.6';

interface Parameter {
  readonly value: string;
  /** Reported by ParameterStatus at login and on change. */
  readonly isReported?: boolean;
  /** It cannot be set. */
  readonly isFixed?: boolean;
  /** Name of the setting that has its default for each transaction. */
  readonly standard?: string;
  /** Normalizes a value; undefined: invalid. @throws SessionFault */
  readonly take?: (value: string) => string | undefined;
}

const timeoutNames = [
  ...['statement_timeout', 'lock_timeout', 'transaction_timeout'],
  ...['idle_in_transaction_session_timeout', 'idle_session_timeout'],
] as const;
type TimeoutName = (typeof timeoutNames)[number];
const longestMs = 2 ** 31 - 1;

/** A timeout setting; 0: none. */
const timeout = (name: TimeoutName): Parameter => ({
  value: '0',
  take: (text) => {
    const milliseconds = millisecondsOf(text);
    if (milliseconds === undefined)
      throw new SessionFault('22023', `invalid value for parameter "${name}": "${text}"`, {
        hint: 'Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".',
      });
    if (milliseconds >= 0 && milliseconds <= longestMs) return timeText(milliseconds);
    throw new SessionFault(
      '22023',
      `${milliseconds} ms is outside the valid range for parameter "${name}" (0 ms .. ${longestMs} ms)`,
    );
  },
});

const fixed = (value: string, isReported = false): Parameter => ({ value, isReported, isFixed: true });
const onOff = (value: string): string | undefined =>
  /^(?:on|true|yes|1|t|y)$/i.test(value) ? 'on' : /^(?:off|false|no|0|f|n)$/i.test(value) ? 'off' : undefined;
/** Only ISO is supported for dates; any other DateStyle is refused when it is set. */
const isoOnly = (value: string): string | undefined => (/^iso\b/i.test(value) ? 'ISO, MDY' : undefined);
const utf8Only = (value: string): string | undefined => (/^'?(?:utf-?8|unicode)'?$/i.test(value) ? 'UTF8' : undefined);
const isolation = (value: string): string | undefined =>
  /^read (?:un)?committed$/i.test(value) ? 'read committed' : undefined;

const parameters: Readonly<Record<string, Parameter>> = {
  server_version: fixed(serverVersion, true),
  server_version_num: fixed('180006'),
  server_encoding: fixed('UTF8', true),
  integer_datetimes: fixed('on', true),
  is_superuser: fixed('off', true),
  in_hot_standby: fixed('off', true),
  max_identifier_length: fixed('63'),
  max_index_keys: fixed('32'),
  lc_collate: fixed('C'),
  lc_ctype: fixed('C'),
  block_size: fixed('8192'),
  transaction_read_only: { value: 'off', take: onOff, standard: 'default_transaction_read_only' },
  transaction_deferrable: { value: 'off', take: onOff },
  transaction_isolation: { value: 'read committed', take: isolation, standard: 'default_transaction_isolation' },
  default_transaction_isolation: { value: 'read committed', take: isolation },
  default_transaction_read_only: { value: 'off', isReported: true, take: onOff },
  client_encoding: { value: 'UTF8', isReported: true, take: utf8Only },
  DateStyle: { value: 'ISO, MDY', isReported: true, take: isoOnly },
  IntervalStyle: { value: 'postgres', isReported: true },
  TimeZone: { value: 'UTC', isReported: true },
  application_name: { value: '', isReported: true },
  search_path: { value: '"$user", public', isReported: true },
  standard_conforming_strings: {
    value: 'on',
    isReported: true,
    take: (value) => (onOff(value) === 'on' ? 'on' : undefined),
  },
  scram_iterations: { value: '4096', isReported: true },
  session_authorization: fixed('', true),
  ...Object.fromEntries(timeoutNames.map((name) => [name, timeout(name)])),
};

/** Settings without meaning for IRIS, with their defaults. */
const ignored: ReadonlyMap<string, string> = new Map(
  Object.entries({
    extra_float_digits: '1',
    client_min_messages: 'notice',
    bytea_output: 'hex',
    row_security: 'on',
    default_table_access_method: 'heap',
    default_tablespace: '',
    check_function_bodies: 'on',
    xmloption: 'content',
    backslash_quote: 'safe_encoding',
    escape_string_warning: 'on',
    synchronous_commit: 'on',
    work_mem: '4MB',
    maintenance_work_mem: '64MB',
    jit: 'on',
    enable_seqscan: 'on',
    enable_indexscan: 'on',
    enable_bitmapscan: 'on',
    enable_hashjoin: 'on',
    enable_mergejoin: 'on',
    enable_nestloop: 'on',
    enable_sort: 'on',
    enable_hashagg: 'on',
    geqo: 'on',
    lc_messages: 'C',
    lc_monetary: 'C',
    lc_numeric: 'C',
    lc_time: 'C',
    quote_all_identifiers: 'off',
    array_nulls: 'on',
    transform_null_equals: 'off',
    default_with_oids: 'off',
    synchronize_seqscans: 'on',
    force_parallel_mode: 'off',
    max_parallel_workers_per_gather: '2',
    random_page_cost: '4',
    seq_page_cost: '1',
    effective_cache_size: '4GB',
    cursor_tuple_fraction: '0.1',
    plan_cache_mode: 'auto',
    default_statistics_target: '100',
    constraint_exclusion: 'partition',
    log_statement: 'none',
    log_min_duration_statement: '-1',
    default_transaction_deferrable: 'off',
    session_replication_role: 'origin',
    allow_in_place_tablespaces: 'off',
    restrict_nonsystem_relation_kind: '',
    exit_on_error: 'off',
  }),
);

const canonical = new Map(Object.keys(parameters).map((name) => [name.toLowerCase(), name] as const));

/** Settings at a savepoint, and those local to the transaction. */
export interface SavedSettings {
  readonly set: ReadonlyMap<string, string>;
  readonly local: ReadonlyMap<string, string | undefined>;
}

/** The settings of a session; they are not sent to IRIS. */
export class SessionSettings {
  readonly #set = new Map<string, string>();
  readonly #user: string;
  #changed = new Set<string>();
  /** Settings at the begin of the transaction; `#local`: those that end with it. */
  #before: ReadonlyMap<string, string> | undefined;
  readonly #local = new Map<string, string | undefined>();

  constructor(user: string) {
    this.#user = user;
  }

  get(name: string): string | undefined {
    const known = parameterName(name);
    if (known === 'session_authorization') return this.#user;
    const parameter = parameters[known];
    const own = this.#set.get(known);
    if (own === undefined && parameter?.standard !== undefined) return this.get(parameter.standard);
    return own ?? parameter?.value ?? ignored.get(known);
  }

  /** The search_path; undefined: the default. */
  get path(): SearchPath | undefined {
    return this.#set.has('search_path') ? searchPathOf(this.get('search_path') ?? '') : undefined;
  }

  /** Settings for the catalogue: search_path, and those for current_setting(). */
  ofCatalog(): [string, string][] {
    const own = [...this.#set.keys()].filter((name) => name === 'application_name' || name.includes('.'));
    return ['search_path', ...own].map((name) => [name, this.get(name) ?? '']);
  }

  /** Whether the current (or next) transaction is read-only. */
  get isReadOnly(): boolean {
    return this.get('transaction_read_only') === 'on';
  }

  /** A timeout in ms; 0: none. */
  timeoutMs(name: TimeoutName): number {
    const own = this.#set.get(name);
    return own === undefined ? 0 : (millisecondsOf(own) ?? 0);
  }

  /** The settings reported at login. */
  reported(): [string, string][] {
    return Object.keys(parameters)
      .filter((name) => parameters[name]?.isReported === true)
      .map((name) => [name, this.get(name) ?? '']);
  }

  /** The reported settings that have changed since the last call. */
  takeChanges(): [string, string][] {
    const names = [...this.#changed].filter((name) => parameters[name]?.isReported === true);
    this.#changed = new Set();
    return names.map((name) => [name, this.get(name) ?? '']);
  }

  all(): [string, string][] {
    return [...new Set([...Object.keys(parameters), ...this.#set.keys()])]
      .sort()
      .map((name) => [name, this.get(name) ?? '']);
  }

  /** Sets a setting and returns its normalized value. @throws SessionFault */
  set(name: string, value: string, isSetLocal: boolean): string {
    const known = parameterName(name);
    const parameter = parameters[known];
    const isLocal = isSetLocal || parameter?.standard !== undefined;
    if (parameter === undefined && !ignored.has(known) && !known.includes('.'))
      throw new SessionFault('42704', `unrecognized configuration parameter "${name}"`);
    if (parameter?.isFixed === true) throw new SessionFault('55P02', `parameter "${known}" cannot be changed`);
    const taken = parameter?.take === undefined ? value : parameter.take(value);
    if (taken === undefined)
      throw new SessionFault('0A000', `invalid value for parameter "${known}": IRIS has nothing for it`);
    if (isLocal && this.#before === undefined) return taken; // SET LOCAL outside of a transaction has no effect
    if (isLocal && !this.#local.has(known)) this.#local.set(known, this.#set.get(known));
    if (!isLocal) this.#local.delete(known);
    this.#put(known, taken);
    return taken;
  }

  reset(name: string): void {
    const known = parameterName(name);
    if (this.get(known) === undefined)
      throw new SessionFault('42704', `unrecognized configuration parameter "${name}"`);
    this.#put(known, undefined);
  }

  resetAll(): void {
    for (const name of [...this.#set.keys()]) this.#put(name, undefined);
  }

  begin(): void {
    this.#before ??= new Map(this.#set);
  }

  end(isCommitted: boolean): void {
    if (this.#before === undefined) return;
    if (isCommitted) for (const [name, value] of this.#local) this.#put(name, value);
    else this.#putAll(this.#before);
    this.#local.clear();
    this.#before = undefined;
  }

  /** The state to restore by ROLLBACK TO. */
  saved(): SavedSettings {
    return { set: new Map(this.#set), local: new Map(this.#local) };
  }

  /** Restores the state of a savepoint. */
  restore({ set, local }: SavedSettings): void {
    this.#putAll(set);
    this.#local.clear();
    for (const [name, value] of local) this.#local.set(name, value);
  }

  #putAll(values: ReadonlyMap<string, string>): void {
    for (const name of new Set([...this.#set.keys(), ...values.keys()])) this.#put(name, values.get(name));
  }

  #put(name: string, value: string | undefined): void {
    if (this.#set.get(name) === value) return;
    if (value === undefined) this.#set.delete(name);
    else this.#set.set(name, value);
    this.#changed.add(name);
  }
}

/** The name of a setting as the server spells it. */
export function parameterName(name: string): string {
  const lower = name
    .toLowerCase()
    .replace(/^time zone$/, 'timezone')
    .replace(/^transaction isolation level$/, 'transaction_isolation')
    .replace(/^session authorization$/, 'session_authorization');
  return canonical.get(lower) ?? lower;
}
