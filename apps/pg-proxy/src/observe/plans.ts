import type { SqlAnalyser } from '@medrex/sql';
import type { Row } from '../upstream/query-connection.ts';
import type { QueryFigures } from './query-statistics.ts';

/** What a plan is asked of. */
export interface PlanSession {
  /** One statement, by the extended protocol: of several none would run. */
  ask(text: string): Promise<readonly Row[]>;
  close(): void;
}

/** A plan for all values of the parameters, or why there is none. */
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
  /** As who ran the statement. A text: why it cannot be asked there. */
  readonly session: (database: string, user: string) => PlanSession | string;
  readonly epochMs: () => number;
}

/** Plans that are remembered, the ones asked for last. */
const plansMax = 200;
/** Whoever asks by SELECT again and again is shown the same for so long. */
const freshMs = 60_000;
const explained: ReadonlySet<string> = new Set(['select', 'insert', 'update', 'delete', 'merge']);

/** Plans by fingerprint, of the normalised text: no literal of a client is ever in the question, so none is in the answer. */
export class Plans {
  readonly #options: PlansOptions;
  readonly #kept = new Map<string, readonly Plan[]>();
  readonly #asking = new Map<string, Promise<readonly Plan[]>>();

  constructor(options: PlansOptions) {
    this.#options = options;
  }

  all(): Plan[] {
    return [...this.#kept.values()].flat();
  }

  /** Asks unless it was asked a moment ago; what comes of it is among `all` later. */
  want(fingerprint: string): void {
    const [known] = this.#kept.get(fingerprint) ?? [];
    if (known === undefined || known.takenAtMs < this.#options.epochMs() - freshMs) void this.take(fingerprint);
  }

  /** One for each database in which it has run; none where it has not. Never rejects. */
  take(fingerprint: string): Promise<readonly Plan[]> {
    const under = this.#asking.get(fingerprint);
    if (under !== undefined) return under;
    const asking = Promise.all(this.#options.find(fingerprint).map((figures) => this.#planOf(figures))).then(
      (plans) => {
        this.#asking.delete(fingerprint);
        this.#keep(fingerprint, plans);
        return plans;
      },
    );
    this.#asking.set(fingerprint, asking);
    return asking;
  }

  #keep(fingerprint: string, plans: readonly Plan[]): void {
    this.#kept.delete(fingerprint);
    if (plans.length > 0) this.#kept.set(fingerprint, plans);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > plansMax && oldest !== undefined) this.#kept.delete(oldest);
  }

  async #planOf(figures: QueryFigures): Promise<Plan> {
    const { fingerprint, database, asker } = figures;
    const about = { fingerprint, database, user: asker.user, takenAtMs: this.#options.epochMs() };
    const none = (problem: string): Plan => ({ ...about, lines: [], problem });
    const parameters = this.#parametersOf(figures.normalised);
    if (parameters === undefined) return none('only one SELECT, INSERT, UPDATE, DELETE or MERGE has a plan');
    const session = this.#options.session(database, asker.user);
    if (typeof session === 'string') return none(session);
    try {
      const lines = await explain(session, figures, parameters);
      return { ...about, lines: lines.map(withoutLiterals), problem: undefined };
    } catch (error) {
      return none(problemOf((error as Error).message, asker.user));
    } finally {
      session.close();
    }
  }

  /** How many; undefined: it is something else than one statement with a plan. */
  #parametersOf(text: string): number | undefined {
    const analysis = this.#options.analyser.analyseLarge(text);
    const [statement, ...more] = analysis.kind === 'read' ? analysis.statements : [];
    if (statement === undefined || more.length > 0 || !explained.has(statement.kind)) return undefined;
    return statement.parametersMax;
  }
}

/** A typed literal has no parameter in the grammar; a cast of one is the same. */
const typedLiteral = /\b(interval|date|time|timestamp|timestamptz)\s+(\$\d+)/gi;

async function explain(session: PlanSession, figures: QueryFigures, parameters: number): Promise<string[]> {
  const { asker } = figures;
  const normalised = figures.normalised.replaceAll(typedLiteral, '$2::$1');
  const quoted = `'${(asker.searchPath ?? '').replaceAll("'", "''")}'`;
  await session.ask("SET statement_timeout = '5s'");
  await session.ask("SET lock_timeout = '1s'");
  await session.ask('SET default_transaction_read_only = on');
  if (asker.searchPath !== undefined)
    await session.ask(`SELECT pg_catalog.set_config('search_path', ${quoted}, false)`);
  await session.ask('SET plan_cache_mode = force_generic_plan');
  await session.ask(`PREPARE medrex_plan AS ${normalised}`);
  const nulls = Array.from({ length: parameters }, () => 'NULL').join(', ');
  const rows = await session.ask(`EXPLAIN EXECUTE medrex_plan${parameters === 0 ? '' : `(${nulls})`}`);
  return rows.map(([line]) => line ?? '');
}

/** Conditions of views, policies and partial indexes have literals of their own. */
function withoutLiterals(line: string): string {
  const colon = line.indexOf(': ');
  const words = line.replaceAll(/'(?:[^']|'')*'/g, "'?'");
  if (colon < 0) return words;
  return words.slice(0, colon) + words.slice(colon).replaceAll(/(?<![\w$.])-?\d+(?:\.\d+)?(?![\w.])/g, '?');
}

/** What may be wrong with a text that was run with literals where it has parameters. */
const reasons: Readonly<Record<string, string>> = {
  '42601': 'with a parameter in place of each literal it is no statement',
  '42P18': 'the types of its parameters are not known',
  '42P08': 'the types of its parameters are not known',
  '42725': 'the types of its parameters are not known',
  '42883': 'the types of its parameters are not known',
  '42P01': 'a table of it is not there, or not in the search_path of',
  '42501': 'something of it is not allowed to',
  '55P03': 'a table of it is locked',
  '57014': 'it took too long',
};

function problemOf(message: string, user: string): string {
  const [, sqlstate = ''] = /^SQLSTATE (\w{5})/.exec(message) ?? [];
  const reason = reasons[sqlstate];
  if (reason === undefined) return message;
  const whose = sqlstate === '42P01' || sqlstate === '42501' ? ` ${user}` : '';
  return `${reason}${whose} (${sqlstate})`;
}
