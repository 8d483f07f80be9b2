import type { Statement } from '@medrex/sql';
import type { Request, Requester, RequestObserver } from '../session/client/request.ts';
import { outcomeOf } from '../observe/outcome.ts';
import type { AuditLog } from './audit-log.ts';
import { NamedTables } from './named-tables.ts';

export interface AuditObserverOptions {
  readonly log: AuditLog;
  /** `data`: what names tables, or may change something; `all`: everything that is run. */
  readonly statements: 'data' | 'all';
  /** Keys of sqlcommenter that say who sits behind a shared login; the first that is there counts. */
  readonly personKeys: readonly string[];
}

/** What a client writes of itself is as long as it likes. */
const claimMax = 200;

/** Who read or changed which tables, how many rows, and when; no values of them. */
export class AuditObserver implements RequestObserver {
  readonly #options: AuditObserverOptions;
  readonly #texts = new WeakMap<readonly Statement[], string>();
  readonly #named = new NamedTables();
  readonly #clock = new Clock();
  readonly #clients = new WeakMap<Requester, { readonly settings: object; readonly json: string }>();

  constructor(options: AuditObserverOptions) {
    this.#options = options;
  }

  sent(request: Request): void {
    this.#named.sent(request);
  }

  ended(request: Request): void {
    request.readLarge();
    const outcome = outcomeOf(request);
    if (outcome === undefined) return;
    const { rows, sqlstate, fingerprint } = outcome;
    const statements = outcome.statements && this.#named.behind(request, outcome.statements);
    const text = statements === undefined ? unread : this.#textOf(statements);
    if (text === '' && this.#options.statements === 'data') return;
    const parts = [
      `"kind":"statement","at":"${this.#clock.at(Date.now())}"`,
      this.#clientOf(request.from),
      ...this.#personOf(request),
      text === '' ? nothing : text,
      `"rows":${rows},"fingerprint":"${fingerprint}"`,
    ];
    if (sqlstate !== undefined) parts.push(`"sqlstate":${JSON.stringify(sqlstate)}`);
    this.#options.log.add(parts.join(','));
  }

  /** By the message that PQfn sends: it may do anything, and nothing of its answer is read. */
  called(from: Requester): void {
    const at = this.#clock.at(Date.now());
    this.#options.log.add(
      `"kind":"statement","at":"${at}",${this.#clientOf(from)},${called},"rows":0,"fingerprint":""`,
    );
  }

  #textOf(statements: readonly Statement[]): string {
    const known = this.#texts.get(statements);
    if (known !== undefined) return known;
    const text = statements.some(isOfData) ? tablesOf(statements) : '';
    this.#texts.set(statements, text);
    return text;
  }

  #clientOf(from: Requester): string {
    const known = this.#clients.get(from);
    if (known?.settings === from.settings) return known.json;
    const { user, database, upstreamUser: as, settings } = from;
    const application = settings.get('application_name')?.slice(0, claimMax);
    const json = JSON.stringify({ user, ...(as !== user && { as }), database, application }).slice(1, -1);
    this.#clients.set(from, { settings, json });
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

/** The time as ISO 8601 has it; made anew once a second. */
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

const nothing = '"action":"other","reads":[],"writes":[]';
const called = '"action":"call","reads":[],"writes":[]';
/** The grammar did not know it, or it was too long to be read: what it did is not known either. */
const unread = '"action":"unknown","reads":[],"writes":[]';

function isOfData({ kind, reads, writes, readsCatalogOnly, isReadOnly }: Statement): boolean {
  if (kind === 'transaction' || kind === 'session') return false;
  if (reads.length + writes.length > 0) return !readsCatalogOnly;
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

function tablesOf(statements: readonly Statement[]): string {
  const names = (of: (statement: Statement) => Statement['reads']): string[] => [
    ...new Set(statements.flatMap(of).map(({ schema, name }) => (schema === undefined ? name : `${schema}.${name}`))),
  ];
  const [reads, writes] = [names((statement) => statement.reads), names((statement) => statement.writes)];
  const isSchema = statements.some(({ kind }) => kind === 'schema');
  const action = isSchema ? 'schema' : writes.length > 0 ? 'write' : statements.some(mayWrite) ? 'call' : 'read';
  return JSON.stringify({ action, reads, writes }).slice(1, -1);
}
