import { isRoleSetting, type SessionEffect, type Statement } from '@medrex/sql';
import type { Backend } from '../session/backend/backend.ts';
import type { Request, Requester, RequestObserver } from '../session/client/request.ts';
import { outcomeOf } from '../observe/outcome.ts';
import type { AuditLog } from './audit-log.ts';
import { NamedTables } from './named-tables.ts';

export interface AuditObserverOptions {
  readonly log: AuditLog;
  /** `data`: statements that name tables or may change something; `all`: every statement. */
  readonly statements: 'data' | 'all';
  /** sqlcommenter keys that name the person behind a shared login; the first one present counts. */
  readonly personKeys: readonly string[];
}

/** What was recorded about a client last. */
interface ClientRecord {
  readonly settings: object;
  readonly reported: string | undefined;
  readonly json: string;
}

/** Claims of a client about itself could have any length. */
const claimMax = 200;
/** The part of the text of a schema change that is kept, in characters. */
const statementMax = 2_000;

/** Records who read or changed which tables, how many rows, and when; no values. */
export class AuditObserver implements RequestObserver {
  readonly #options: AuditObserverOptions;
  readonly #texts = new WeakMap<readonly Statement[], string>();
  readonly #namedTables = new NamedTables();
  readonly #clock = new Clock();
  readonly #clients = new WeakMap<Requester, ClientRecord>();

  constructor(options: AuditObserverOptions) {
    this.#options = options;
  }

  sent(request: Request): void {
    this.#namedTables.sent(request);
  }

  ended(request: Request): void {
    request.readLarge();
    const outcome = outcomeOf(request);
    if (outcome === undefined) return;
    const { rows, sqlstate, fingerprint } = outcome;
    const statements = outcome.statements && this.#namedTables.resolve(request, outcome.statements);
    const text = statements === undefined ? unknownAction : this.#textOf(statements);
    if (text === '' && this.#options.statements === 'data') return;
    const parts = [
      `"kind":"statement","at":"${this.#clock.at(Date.now())}"`,
      this.#clientOf(request.from, request.backend),
      ...this.#personOf(request),
      text === '' ? otherAction : text,
      `"rows":${rows},"fingerprint":"${fingerprint}"`,
    ];
    if (sqlstate !== undefined) parts.push(`"sqlstate":${JSON.stringify(sqlstate)}`);
    this.#options.log.add(parts.join(','));
  }

  /** A FunctionCall message (libpq's PQfn) may do anything, and nothing of its answer is read. */
  called(from: Requester, backend: Backend): void {
    const at = this.#clock.at(Date.now());
    this.#options.log.add(
      `"kind":"statement","at":"${at}",${this.#clientOf(from, backend)},${callAction},"rows":0,"fingerprint":""`,
    );
  }

  #textOf(statements: readonly Statement[]): string {
    const known = this.#texts.get(statements);
    if (known !== undefined) return known;
    const text = statements.some(isOfData) ? tablesOf(statements) : '';
    this.#texts.set(statements, text);
    return text;
  }

  #clientOf(from: Requester, backend: Backend | undefined): string {
    const { settings } = from;
    const reported = backend?.settings.parameters.get('application_name');
    const known = this.#clients.get(from);
    if (known?.settings === settings && known.reported === reported) return known.json;
    const { user, database, upstreamUser: as } = from;
    const application = applicationOf(settings.get('application_name'), reported)?.slice(0, claimMax);
    const [role, searchPath] = ['role', 'search_path'].map((name) => settings.get(name)?.slice(0, claimMax));
    const client = { user, ...(as !== user && { as }), database, application, role, searchPath };
    const json = JSON.stringify(client).slice(1, -1);
    this.#clients.set(from, { settings, reported, json });
    return json;
  }

  #personOf(request: Request): string[] {
    if (!request.hasComment) return [];
    const { comment } = request;
    for (const key of this.#options.personKeys) {
      const person = comment.get(key);
      if (person !== undefined) return [`"person":${JSON.stringify(person.slice(0, claimMax))}`];
    }
    return [];
  }
}

/** The time in ISO 8601, formatted once a second. */
class Clock {
  #second = NaN;
  #text = '';

  at(epochMs: number): string {
    const ms = epochMs % 1_000;
    if (epochMs - ms !== this.#second) {
      this.#second = epochMs - ms;
      this.#text = new Date(this.#second).toISOString().slice(0, -4);
    }
    return `${this.#text}${String(ms).padStart(3, '0')}Z`;
  }
}

/**
 * The name that the server reports: it sees every SET, also those that are not tracked here (session mode, SET LOCAL). It replaces
 * characters beyond ASCII and cuts long names; if its report begins like the name that was set, the latter counts.
 */
function applicationOf(set = '', reported = set): string | undefined {
  const [start = ''] = /^[ -~]{0,63}/.exec(set) ?? [];
  const isIts = start !== set && reported.startsWith(start);
  return (isIts ? set : reported) || undefined;
}

const otherAction = '"action":"other","reads":[],"writes":[]';
const callAction = '"action":"call","reads":[],"writes":[]';
/** The text was not analysed, being too long or not understood: it is unknown what it did. */
const unknownAction = '"action":"unknown","reads":[],"writes":[]';

/** Catalogue relations that contain values of tables, or secrets. */
const catalogsOfData: ReadonlySet<string> = new Set([
  ...['pg_largeobject', 'pg_statistic', 'pg_stats', 'pg_statistic_ext_data', 'pg_stats_ext', 'pg_stats_ext_exprs'],
  ...['pg_authid', 'pg_shadow', 'pg_user_mapping', 'pg_user_mappings'],
]);

/** These drop a cursor or a prepared statement without running it. */
const releasesName = /^(?:CLOSE CURSOR|DEALLOCATE)/;

function isOfData(statement: Statement): boolean {
  const { kind, command, reads, writes, readsCatalogOnly, isReadOnly } = statement;
  if (changesRole(statement)) return true;
  if (kind === 'transaction' || kind === 'session' || releasesName.test(command)) return false;
  if (readsCatalogOnly) return reads.some(({ name }) => catalogsOfData.has(name));
  if (reads.length + writes.length > 0) return true;
  // A function that is called may do anything.
  return !isReadOnly;
}

/** FETCH and EXECUTE read what their SELECT reads. */
function mayWrite(statement: Statement): boolean {
  const { isReadOnly, kind, reads, locksRows, volatility } = statement;
  const isNamed = kind === 'cursor' || kind === 'prepared';
  const isRead = isNamed && reads.length > 0 && !locksRows && (volatility === 'immutable' || volatility === 'stable');
  return isOfData(statement) && !isReadOnly && !isRead;
}

/** SET ROLE and SET SESSION AUTHORIZATION, also by set_config. */
function changesRole({ effects }: Statement): boolean {
  return effects.some((effect) => effect.kind === 'role' || effect.kind === 'authorization' || setsRole(effect));
}

function setsRole(effect: SessionEffect): effect is SessionEffect & { kind: 'set' } {
  return effect.kind === 'set' && 'text' in effect.name && isRoleSetting(effect.name.text);
}

/** The role that an effect changes to; undefined if it goes back to the first one, or if a parameter decides. */
function newRoleOf(effect: SessionEffect): string | undefined {
  if (effect.kind === 'role') return effect.role;
  if (effect.kind === 'authorization') return effect.user;
  return setsRole(effect) && effect.value !== undefined && 'text' in effect.value ? effect.value.text : undefined;
}

const changesSchema = ({ kind }: Statement): boolean => kind === 'schema';

/** The entry's action, tables, and for changes of the schema or the role the statement without its literals. */
function tablesOf(statements: readonly Statement[]): string {
  const names = (of: (statement: Statement) => Statement['reads']): string[] => [
    ...new Set(statements.flatMap(of).map(({ schema, name }) => (schema === undefined ? name : `${schema}.${name}`))),
  ];
  const [reads, writes] = [names((statement) => statement.reads), names((statement) => statement.writes)];
  const entry = { action: actionOf(statements), reads, writes };
  const shown = statements.filter((statement) => changesSchema(statement) || changesRole(statement));
  if (shown.length === 0) return JSON.stringify(entry).slice(1, -1);
  const statement = shown
    .map(({ normalised }) => normalised)
    .join('; ')
    .slice(0, statementMax);
  const roles = shown.flatMap(({ effects }) => effects.map(newRoleOf)).filter((role) => role !== undefined);
  return JSON.stringify({ ...entry, statement, ...(roles.length > 0 && { roles }) }).slice(1, -1);
}

/** The first that applies. */
function actionOf(statements: readonly Statement[]): string {
  if (statements.some(changesSchema)) return 'schema';
  if (statements.some(({ writes }) => writes.length > 0)) return 'write';
  if (statements.some(changesRole)) return 'role';
  return statements.some(mayWrite) ? 'call' : 'read';
}
