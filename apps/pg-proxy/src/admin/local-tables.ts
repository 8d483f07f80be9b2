import {
  commandComplete,
  frontend as from,
  readBindHead,
  readExecute,
  readTarget,
  readQuery,
  readyForQuery,
  transactionStatus,
  type Framer,
} from '@medrex/pg-wire';
import type { BoundValue, SqlAnalyser } from '@medrex/sql';
import { columnsOf, failureMessage, rowOf } from './answers.ts';
import type { Outcome } from './commands.ts';
import { LocalStatements, type MessageResult } from './local-statements.ts';
import { schema, type MedrexTables } from './medrex-tables.ts';
import type { PreparedStatement } from './preparer.ts';

/** `forServer`: the message is for the server. */
export type LocalResult = MessageResult | 'forServer';

export interface LocalTablesOptions {
  readonly send: (message: Buffer) => void;
  readonly read: (text: string, parameterTypes: readonly number[]) => PreparedStatement[];
  readonly analyser: SqlAnalyser;
  readonly tables: MedrexTables;
}

/** Longer texts are for the server, in bytes. */
const textBytesMax = 32 * 1024;
/** `x` or `"` before a dot. */
const [dot, x, quote] = [0x2e, 0x78, 0x22];

/**
 * The proxy's tables in a session of an ordinary database. A SELECT that reads nothing else is answered here, while no transaction is open.
 * For every other message this costs a search for `medrex.` in its text.
 */
export class LocalTables {
  readonly #options: LocalTablesOptions;
  readonly #statements: LocalStatements;

  constructor(options: LocalTablesOptions) {
    this.#options = options;
    const { send, read } = options;
    this.#statements = new LocalStatements({
      send,
      read,
      run: (prepared, values, then) => then(runNow(prepared, values)),
    });
  }

  handle(framer: Framer): LocalResult {
    const { type, buffer, start, end } = framer;
    switch (type) {
      case from.query:
        return this.#readsOnlyLocalTables(framer) ? this.#query(readQuery(buffer, start, end)) : 'forServer';
      case from.parse:
        return this.#parse(framer);
      case from.bind:
      case from.describe:
      case from.execute:
      case from.close:
        return this.#statements.isEmpty ? 'forServer' : this.#named(framer);
      default:
        return 'forServer';
    }
  }

  /** Cheap for everything without `medrex.` in it, which is nearly everything. */
  #readsOnlyLocalTables({ buffer, start, end, isLast }: Framer): boolean {
    if (!isLast || end - start > textBytesMax || !mentionsSchema(buffer, start, end)) return false;
    // In a Parse, the statement's name precedes the text: only the text counts.
    const text =
      buffer
        .toString('utf8', start + 5, end)
        .split('\0')
        .find((part) => /medrex"?\./i.test(part)) ?? '';
    const analysis = this.#options.analyser.analyse(text);
    const [statement, ...more] = analysis.kind === 'read' ? analysis.statements : [];
    if (statement?.kind !== 'select' || more.length > 0 || statement.writes.length > 0) return false;
    return statement.reads.length > 0 && statement.reads.every((table) => this.#isTable(table));
  }

  #isTable(table: { readonly schema?: string; readonly name: string }): boolean {
    return table.schema === schema && this.#options.tables.has(table.name);
  }

  #query(bytes: Buffer | undefined): LocalResult {
    if (bytes === undefined) return 'malformed';
    const { send } = this.#options;
    const [prepared] = this.#options.read(bytes.toString('utf8'), []);
    const outcome = prepared && runNow(prepared, []);
    if (outcome?.kind === 'error') send(failureMessage(outcome));
    if (outcome?.kind === 'table') {
      const { table, tag } = outcome;
      send(columnsOf(table.columns));
      for (const row of table.rows) send(rowOf(row, table.columns, []));
      send(commandComplete(tag));
    }
    send(readyForQuery(transactionStatus.idle));
    return 'answered';
  }

  #parse(framer: Framer): LocalResult {
    const { buffer, start, end } = framer;
    if (this.#readsOnlyLocalTables(framer)) return this.#statements.parse(buffer, start, end);
    if (this.#statements.isEmpty) return 'forServer';
    const nameEnd = buffer.indexOf(0, start + 5);
    this.#statements.forget('statement', buffer.toString('latin1', start + 5, Math.min(nameEnd, end)));
    return 'forServer';
  }

  #named({ type, buffer, start, end, isLast }: Framer): LocalResult {
    const statements = this.#statements;
    if (type === from.bind) {
      const head = readBindHead(buffer, start, end);
      if (head === undefined) return 'malformed';
      if (!statements.has('statement', head.statement)) {
        statements.forget('portal', head.portal);
        return 'forServer';
      }
      return isLast ? statements.bind(buffer, start, end) : this.#tooLong();
    }
    if (type === from.execute) {
      const portal = readExecute(buffer, start, end)?.portal;
      if (portal === undefined || !statements.has('portal', portal)) return 'forServer';
      let taken: MessageResult = 'answered';
      statements.execute(buffer, start, end, (how) => (taken = how));
      return taken;
    }
    const named = readTarget(buffer, start, end);
    if (named === undefined || !statements.has(named.kind, named.name)) return 'forServer';
    return type === from.close ? statements.close(buffer, start, end) : statements.describe(buffer, start, end);
  }

  #tooLong(): LocalResult {
    const message = 'parameters for tables of pg-proxy are too long';
    this.#options.send(failureMessage({ kind: 'error', sqlstate: '54000', message }));
    return 'failed';
  }
}

/** A SELECT runs at once. */
function runNow(prepared: PreparedStatement, values: readonly BoundValue[]): Outcome {
  const outcome = prepared.run(values);
  return outcome.kind === 'pending'
    ? { kind: 'error', sqlstate: '0A000', message: 'this is supported only at the console' }
    : outcome;
}

function mentionsSchema(buffer: Buffer, start: number, end: number): boolean {
  for (let at = start + 11; at < end; at++) {
    if (buffer[at] !== dot) continue;
    const before = buffer[at - 1] as number;
    const last = before === quote ? (buffer[at - 2] as number) : before;
    if ((last | 0x20) === x && /medrex"?$/i.test(buffer.toString('latin1', at - 7, at))) return true;
  }
  return false;
}
