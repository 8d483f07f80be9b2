import type { SqlAnalyser } from '@medrex/sql';
import type { Row } from '../upstream/query-connection.ts';
import type { QueryFigures } from './query-statistics.ts';

/** A session in which plans are requested. */
export interface PlanSession {
  /** One statement in the extended protocol, in which several statements in one text are refused. */
  query(text: string): Promise<readonly Row[]>;
  close(): void;
}

/** A generic plan, valid for all parameter values, or the reason why there is none. */
export interface Plan {
  readonly fingerprint: string;
  readonly database: string;
  readonly user: string;
  readonly takenAtMs: number;
  readonly lines: readonly string[];
  readonly problem: string | undefined;
}

export interface PlansOptions {
  readonly analyser: Pick<SqlAnalyser, 'analyseLarge'>;
  readonly find: (fingerprint: string) => readonly QueryFigures[];
  /** As the user who ran the statement. A text: why it is not possible. */
  readonly session: (database: string, user: string) => PlanSession | string;
  readonly epochMs: () => number;
}

/** How many plans are remembered: those requested last. */
const plansMax = 200;
/** How long a plan is shown again before it is requested anew, in ms. */
const freshMs = 60_000;
const kindsWithPlan: ReadonlySet<string> = new Set(['select', 'insert', 'update', 'delete', 'merge']);

/** Plans by fingerprint, of the normalised text: no client's literals are in the question, so none are in the answer. */
export class Plans {
  readonly #options: PlansOptions;
  readonly #plans = new Map<string, readonly Plan[]>();
  readonly #pending = new Map<string, Promise<readonly Plan[]>>();

  constructor(options: PlansOptions) {
    this.#options = options;
  }

  all(): Plan[] {
    return [...this.#plans.values()].flat();
  }

  /** Requests a plan unless that happened recently; the result appears in `all` later. */
  requestIfStale(fingerprint: string): void {
    const [known] = this.#plans.get(fingerprint) ?? [];
    if (known === undefined || known.takenAtMs < this.#options.epochMs() - freshMs) void this.request(fingerprint);
  }

  /** One plan for each database in which the statement has run. Never rejects. */
  request(fingerprint: string): Promise<readonly Plan[]> {
    const pending = this.#pending.get(fingerprint);
    if (pending !== undefined) return pending;
    const request = Promise.all(this.#options.find(fingerprint).map((figures) => this.#planOf(figures))).then(
      (plans) => {
        this.#pending.delete(fingerprint);
        this.#remember(fingerprint, plans);
        return plans;
      },
    );
    this.#pending.set(fingerprint, request);
    return request;
  }

  #remember(fingerprint: string, plans: readonly Plan[]): void {
    this.#plans.delete(fingerprint);
    if (plans.length > 0) this.#plans.set(fingerprint, plans);
    const [oldest] = this.#plans.keys();
    if (this.#plans.size > plansMax && oldest !== undefined) this.#plans.delete(oldest);
  }

  async #planOf(figures: QueryFigures): Promise<Plan> {
    const { fingerprint, database, firstRun } = figures;
    const about = { fingerprint, database, user: firstRun.user, takenAtMs: this.#options.epochMs() };
    const none = (problem: string): Plan => ({ ...about, lines: [], problem });
    const parameters = this.#parametersOf(figures.normalised);
    if (parameters === undefined) return none('only one SELECT, INSERT, UPDATE, DELETE or MERGE has a plan');
    const session = this.#options.session(database, firstRun.user);
    if (typeof session === 'string') return none(session);
    try {
      const lines = await explain(session, figures, parameters);
      return { ...about, lines: lines.map(withoutLiterals), problem: undefined };
    } catch (error) {
      return none(problemOf((error as Error).message, firstRun.user));
    } finally {
      session.close();
    }
  }

  /** The number of parameters; undefined: the text is not a single statement with a plan. */
  #parametersOf(text: string): number | undefined {
    const analysis = this.#options.analyser.analyseLarge(text);
    const [statement, ...more] = analysis.kind === 'read' ? analysis.statements : [];
    if (statement === undefined || more.length > 0 || !kindsWithPlan.has(statement.kind)) return undefined;
    return statement.parametersMax;
  }
}

/** The grammar allows no parameter in a typed literal; a cast means the same. */
const typedLiteral = /\b(interval|date|time|timestamp|timestamptz)\s+(\$\d+)/gi;

async function explain(session: PlanSession, figures: QueryFigures, parameters: number): Promise<string[]> {
  const { firstRun } = figures;
  const normalised = figures.normalised.replaceAll(typedLiteral, '$2::$1');
  const quoted = `'${(firstRun.searchPath ?? '').replaceAll("'", "''")}'`;
  await session.query("SET statement_timeout = '5s'");
  await session.query("SET lock_timeout = '1s'");
  await session.query('SET default_transaction_read_only = on');
  if (firstRun.searchPath !== undefined)
    await session.query(`SELECT pg_catalog.set_config('search_path', ${quoted}, false)`);
  await session.query('SET plan_cache_mode = force_generic_plan');
  await session.query(`PREPARE medrex_plan AS ${normalised}`);
  const nulls = Array.from({ length: parameters }, () => 'NULL').join(', ');
  const rows = await session.query(`EXPLAIN EXECUTE medrex_plan${parameters === 0 ? '' : `(${nulls})`}`);
  return rows.map(([line]) => line ?? '');
}

/** Conditions of views, policies and partial indexes contain literals of their own. */
function withoutLiterals(line: string): string {
  const colon = line.indexOf(': ');
  const words = line.replaceAll(/'(?:[^']|'')*'/g, "'?'");
  if (colon < 0) return words;
  return words.slice(0, colon) + words.slice(colon).replaceAll(/(?<![\w$.])-?\d+(?:\.\d+)?(?![\w.])/g, '?');
}

/** Why a text that ran with literals may fail with parameters in their places. */
const reasons: Readonly<Record<string, string>> = {
  '42601': 'with parameters in place of its literals it is not a valid statement',
  '42P18': 'the types of its parameters cannot be determined',
  '42P08': 'the types of its parameters cannot be determined',
  '42725': 'the types of its parameters cannot be determined',
  '42883': 'the types of its parameters cannot be determined',
  '42P01': 'one of its tables does not exist, or is not in the search_path of',
  '42501': 'permission denied for',
  '55P03': 'one of its tables is locked',
  '57014': 'planning took too long',
};

function problemOf(message: string, user: string): string {
  const [, sqlstate = ''] = /^SQLSTATE (\w{5})/.exec(message) ?? [];
  const reason = reasons[sqlstate];
  if (reason === undefined) return message;
  const whose = sqlstate === '42P01' || sqlstate === '42501' ? ` ${user}` : '';
  return `${reason}${whose} (${sqlstate})`;
}
