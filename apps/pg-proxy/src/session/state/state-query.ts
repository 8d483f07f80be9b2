import { isRoleSetting, queryableStates, type ServerState, type QueryableState } from '@medrex/sql';
import { encodedJson } from '../backend/proxy-query.ts';
import { literal } from './settings.ts';

interface Answer {
  /** The session's settings, and null values for settings that were asked for and are not set; only of those that every server lists. */
  readonly settings: Readonly<Record<string, string>> | null;
  readonly reset: readonly string[] | null;
  readonly named: Readonly<Record<string, string | null>> | null;
  readonly role: string;
  /** The role with which the user's sessions start, if ALTER ROLE or ALTER DATABASE has set one. */
  readonly begunAs: string | null;
  readonly user: string;
  readonly hasPrepared: boolean;
  readonly has: Readonly<Record<QueryableState, boolean>>;
}

const shows: Readonly<Record<QueryableState, string>> = {
  temporaryObject: `select from pg_catalog.pg_depend where refobjid = pg_catalog.pg_my_temp_schema()
    and refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass`,
  listen: 'select from pg_catalog.pg_listening_channels()',
  advisoryLock: `select from pg_catalog.pg_locks where locktype = 'advisory' and pid = pg_catalog.pg_backend_pid()`,
  preparedStatement: 'select from pg_catalog.pg_prepared_statements where from_sql',
  heldCursor: 'select from pg_catalog.pg_cursors where is_holdable',
};

/** From ALTER ROLE and ALTER DATABASE: a setting for a user in a database has precedence. */
const begunAs = `select pg_catalog.substr(setting, 6) from pg_catalog.pg_db_role_setting, pg_catalog.unnest(setconfig) setting
  where setting like 'role=%' and setrole in (0, (select oid from pg_catalog.pg_roles where rolname = session_user))
    and setdatabase in (0, (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()))
  order by setrole = 0, setdatabase = 0 limit 1`;

/** Asks what a session holds, outside of a transaction. @param names settings that it has, or may have, set */
export function stateQuery(names: readonly string[]): string {
  const has = queryableStates.map((kind) => `'${kind}', exists (${shows[kind]})`).join(', ');
  const known = `array[${names
    .filter((name) => !isRoleSetting(name))
    .map(literal)
    .join(', ')}]::text[]`;
  const all = `pg_catalog.json_build_object(
  'settings', pg_catalog.json_object_agg(name, pg_catalog.current_setting(name))
    filter (where source = 'session' and name !~ '^transaction_'),
  'reset', pg_catalog.json_agg(pg_catalog.lower(name)) filter (where source <> 'session' and pg_catalog.lower(name) = any(${known})),
  'named', (select pg_catalog.json_object_agg(name, pg_catalog.current_setting(name, true))
    from pg_catalog.unnest(${known}) names (name)),
  'role', pg_catalog.current_setting('role'), 'begunAs', (${begunAs}), 'user', session_user,
  'hasPrepared', exists (select from pg_catalog.pg_prepared_statements where not from_sql),
  'has', pg_catalog.json_build_object(${has}))`;
  return `select ${encodedJson(all)} from pg_catalog.pg_settings`;
}

/** What is known about the client that asks. */
export interface KnownSession {
  readonly user: string;
  readonly settings: ReadonlyMap<string, string | undefined>;
}

/** @throws Error the answer is malformed */
export function readState(text: string, known: KnownSession): ServerState {
  const { settings, reset, named, role, begunAs: byDefault, user, has, hasPrepared } = JSON.parse(text) as Answer;
  if (queryableStates.some((kind) => typeof has[kind] !== 'boolean')) throw new SyntaxError('not what a session has');
  const gone = new Set(reset ?? []);
  const found = new Map<string, string>();
  const add = (name: string, value: string | null): void => {
    const before = known.settings.get(name);
    // A custom setting reads as '' in every session in which it was ever set for a transaction.
    const isNone = value === null || gone.has(name) || (value === '' && before === undefined);
    if (!isNone && value !== before) found.set(name, value);
  };
  for (const [name, value] of Object.entries(named ?? {})) add(name, value);
  for (const [name, value] of Object.entries(settings ?? {})) add(name.toLowerCase(), value);
  return {
    settings: found,
    reset: [...gone],
    role: role === (known.settings.get('role') ?? byDefault ?? 'none') ? undefined : role,
    authorization: user === known.user ? undefined : user,
    has,
    hasPrepared,
  };
}
