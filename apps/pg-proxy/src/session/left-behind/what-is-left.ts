import { leftKinds, type Left, type LeftKind } from '@medrex/sql';
import { answering } from '../backend/own-question.ts';
import { literal } from './settings.ts';

interface Answer {
  readonly settings: Readonly<Record<string, string>> | null;
  readonly named: Readonly<Record<string, string | null>> | null;
  readonly role: string;
  readonly user: string;
  readonly has: Readonly<Record<LeftKind, boolean>>;
}

const shows: Readonly<Record<LeftKind, string>> = {
  temporaryObject: `select from pg_catalog.pg_depend where refobjid = pg_catalog.pg_my_temp_schema()
    and refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass`,
  listen: 'select from pg_catalog.pg_listening_channels()',
  advisoryLock: `select from pg_catalog.pg_locks where locktype = 'advisory' and pid = pg_catalog.pg_backend_pid()`,
  preparedStatement: 'select from pg_catalog.pg_prepared_statements where from_sql',
  heldCursor: 'select from pg_catalog.pg_cursors where is_holdable',
};

/** What a session has, outside of a transaction, as its server knows it. @param names of settings that no list shows */
export function leftQuery(names: readonly string[]): string {
  const has = leftKinds.map((kind) => `'${kind}', exists (${shows[kind]})`).join(', ');
  const all = `pg_catalog.json_build_object(
  'settings', (select pg_catalog.json_object_agg(name, pg_catalog.current_setting(name)) from pg_catalog.pg_settings
    where source = 'session' and name !~ '^transaction_'),
  'named', (select pg_catalog.json_object_agg(name, pg_catalog.current_setting(name, true))
    from pg_catalog.unnest(array[${names.map(literal).join(', ')}]::text[]) names (name)),
  'role', pg_catalog.current_setting('role'), 'user', session_user,
  'has', pg_catalog.json_build_object(${has}))`;
  return `select ${answering(all)}`;
}

/** What the one who asks is known to be and to have set. */
export interface Known {
  readonly user: string;
  readonly settings: ReadonlyMap<string, string | undefined>;
}

/** @throws Error where it is no such answer */
export function readLeft(text: string, known: Known): Left {
  const { settings, named, role, user, has } = JSON.parse(text) as Answer;
  if (leftKinds.some((kind) => typeof has[kind] !== 'boolean')) throw new SyntaxError('not what a session has');
  const found = new Map<string, string>();
  const add = (name: string, value: string | null): void => {
    const before = known.settings.get(name);
    // One that only its users know is '' wherever it has ever been set for a transaction.
    const isNone = value === null || (value === '' && before === undefined);
    if (!isNone && value !== before) found.set(name, value);
  };
  for (const [name, value] of Object.entries(named ?? {})) add(name, value);
  for (const [name, value] of Object.entries(settings ?? {})) add(name.toLowerCase(), value);
  return {
    settings: found,
    role,
    authorization: user === known.user ? undefined : user,
    has,
  };
}
