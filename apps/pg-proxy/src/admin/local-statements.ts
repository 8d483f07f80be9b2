import {
  bindComplete,
  closeComplete,
  commandComplete,
  emptyQueryResponse,
  noData,
  parameterDescription,
  parseComplete,
  portalSuspended,
  readBind,
  readExecute,
  readTarget,
  readParse,
  type Execute,
} from '@medrex/pg-wire';
import type { BoundValue, Cell } from '@medrex/sql';
import { columnsOf, failureMessage, formatAt, rowOf, type Formats } from './answers.ts';
import type { Failure, Outcome } from './commands.ts';
import type { PreparedStatement } from './preparer.ts';

/** A portal: the statement that it runs, and the rows that have not been sent yet. */
interface Portal {
  readonly prepared: PreparedStatement;
  readonly values: readonly BoundValue[];
  readonly formats: Formats;
  rows?: { readonly left: readonly (readonly Cell[])[]; readonly tag: string };
}

/** The outcome of a message: it was answered; it failed and everything up to the next Sync is skipped; or it is malformed. */
export type MessageResult = 'answered' | 'failed' | 'malformed';

export interface LocalStatementsOptions {
  readonly send: (message: Buffer) => void;
  /** The statements of a text; several are only allowed in simple queries. */
  readonly read: (text: string, parameterTypes: readonly number[]) => PreparedStatement[];
  /** Runs one, now or later, in its place in a transaction. */
  readonly run: (prepared: PreparedStatement, values: readonly BoundValue[], then: (outcome: Outcome) => void) => void;
}

/** The maximum number of statement names, and of portal names; a client that exceeds it is refused. */
const namesMax = 1_000;

/** The extended protocol where the proxy itself answers: named statements and portals, parameters, formats, row limits. */
export class LocalStatements {
  readonly #options: LocalStatementsOptions;
  readonly #statements = new Map<string, PreparedStatement>();
  readonly #portals = new Map<string, Portal>();

  constructor(options: LocalStatementsOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#statements.size === 0 && this.#portals.size === 0;
  }

  has(kind: 'statement' | 'portal', name: string): boolean {
    return (kind === 'statement' ? this.#statements : this.#portals).has(name);
  }

  /** The name gets another meaning. */
  forget(kind: 'statement' | 'portal', name: string): void {
    (kind === 'statement' ? this.#statements : this.#portals).delete(name);
  }

  /** Portals end with their transaction. */
  endPortals(): void {
    this.#portals.clear();
  }

  parse(buffer: Buffer, start: number, end: number): MessageResult {
    const parsed = readParse(buffer, start, end);
    if (parsed === undefined) return 'malformed';
    const text = Buffer.from(parsed.text, 'latin1').toString('utf8');
    const [prepared = empty, ...more] = this.#options.read(text, parsed.parameterTypes);
    if (more.length > 0) return this.#fail('42601', 'cannot insert multiple commands into a prepared statement');
    if (this.#statements.size >= namesMax) return this.#fail('54000', 'too many prepared statements');
    const failure = prepared.failure;
    if (failure !== undefined) return this.#failWith(failure);
    this.#statements.set(parsed.name, prepared);
    this.#options.send(parseComplete());
    return 'answered';
  }

  bind(buffer: Buffer, start: number, end: number): MessageResult {
    const bound = readBind(buffer, start, end);
    if (bound === undefined) return 'malformed';
    const prepared = this.#statements.get(bound.statement);
    if (prepared === undefined) return this.#fail('26000', `prepared statement "${bound.statement}" does not exist`);
    if (bound.parameters.length !== prepared.parameterTypes.length)
      return this.#fail(
        '08P01',
        `bind message supplies ${bound.parameters.length} parameters, but the statement requires ${prepared.parameterTypes.length}`,
      );
    if (this.#portals.size >= namesMax) return this.#fail('54000', 'too many portals');
    const values = bound.parameters.map((value, index) => ({
      // A copy: the chunk's memory is used again.
      bytes: value === null ? null : Buffer.from(value),
      isBinary: formatAt(bound.parameterFormats, index) === 1,
    }));
    this.#portals.set(bound.portal, { prepared, values, formats: bound.resultFormats });
    this.#options.send(bindComplete());
    return 'answered';
  }

  describe(buffer: Buffer, start: number, end: number): MessageResult {
    const named = readTarget(buffer, start, end);
    if (named === undefined) return 'malformed';
    const portal = named.kind === 'portal' ? this.#portals.get(named.name) : undefined;
    const prepared = named.kind === 'portal' ? portal?.prepared : this.#statements.get(named.name);
    if (prepared === undefined) return this.#missing(named.kind, named.name);
    if (named.kind === 'statement') this.#options.send(parameterDescription(prepared.parameterTypes));
    const { columns } = prepared;
    this.#options.send(columns === undefined ? noData() : columnsOf(columns, portal?.formats));
    return 'answered';
  }

  close(buffer: Buffer, start: number, end: number): MessageResult {
    const named = readTarget(buffer, start, end);
    if (named === undefined) return 'malformed';
    this.forget(named.kind, named.name);
    this.#options.send(closeComplete());
    return 'answered';
  }

  /** @param then called with the answer, perhaps later */
  execute(buffer: Buffer, start: number, end: number, then: (taken: MessageResult) => void): void {
    const executed = readExecute(buffer, start, end);
    if (executed === undefined) return then('malformed');
    const portal = this.#portals.get(executed.portal);
    if (portal === undefined) return then(this.#missing('portal', executed.portal));
    if (portal.rows !== undefined) return then(this.#sendRows(portal, executed));
    this.#options.run(portal.prepared, portal.values, (outcome) => {
      if (outcome.kind === 'error') return then(this.#failWith(outcome));
      if (outcome.kind !== 'table') {
        this.#options.send(outcome.kind === 'empty' ? emptyQueryResponse() : commandComplete(outcome.tag));
        return then('answered');
      }
      portal.rows = { left: outcome.table.rows, tag: outcome.tag };
      return then(this.#sendRows(portal, executed));
    });
  }

  #sendRows(portal: Portal, { rowsMax }: Execute): MessageResult {
    const { left, tag } = portal.rows ?? { left: [], tag: '' };
    const count = rowsMax > 0 ? Math.min(rowsMax, left.length) : left.length;
    const columns = portal.prepared.columns ?? [];
    for (const row of left.slice(0, count)) this.#options.send(rowOf(row, columns, portal.formats));
    // As in PostgreSQL, a client that got exactly as many rows as it asked for is told that there may be more.
    const isSuspended = rowsMax > 0 && count === rowsMax;
    portal.rows = { left: left.slice(count), tag };
    const counted = tag.startsWith('SELECT') ? `SELECT ${count}` : tag;
    this.#options.send(isSuspended ? portalSuspended() : commandComplete(counted));
    return 'answered';
  }

  #missing(kind: 'statement' | 'portal', name: string): MessageResult {
    return kind === 'portal'
      ? this.#fail('34000', `portal "${name}" does not exist`)
      : this.#fail('26000', `prepared statement "${name}" does not exist`);
  }

  #fail(sqlstate: string, message: string): MessageResult {
    return this.#failWith({ kind: 'error', sqlstate, message });
  }

  #failWith(failure: Failure): MessageResult {
    this.#options.send(failureMessage(failure));
    return 'failed';
  }
}

/** An empty text. */
const empty: PreparedStatement = { parameterTypes: [], columns: undefined, run: () => ({ kind: 'empty' }) };
