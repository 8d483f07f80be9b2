import type { Answer, BoundValue, SourceColumn, TableStatement, Tables } from '@medrex/sql';
import { readTableStatements } from '@medrex/sql';
import {
  columnsOfShow,
  command,
  consoleHint,
  isCommand,
  type CommandContext,
  type Failure,
  type PendingOutcome,
  type Outcome,
} from './commands.ts';
import { settings } from './medrex-tables.ts';
import { readSet, applySet } from './set-command.ts';

/** A statement of a session without a server. */
export interface PreparedStatement {
  /** OIDs. */
  readonly parameterTypes: readonly number[];
  /** Undefined: it returns no rows. */
  readonly columns: readonly SourceColumn[] | undefined;
  /** What it does to the transaction, which holds nothing here. */
  readonly transaction?: 'begin' | 'end';
  /** It cannot be prepared. */
  readonly failure?: Failure;
  run(values: readonly BoundValue[]): Outcome | PendingOutcome;
}

export interface PreparerOptions {
  /** The current ones: a RELOAD may have changed them. */
  readonly context: () => CommandContext;
  readonly tables: Tables;
  /** Wall clock, in ms since 1970. */
  readonly epochMs: () => number;
}

const noResult = { parameterTypes: [], columns: undefined };

/** Understands what is sent to the console: its commands, SHOW, SELECT, and what drivers send around them. */
export class Preparer {
  readonly #options: PreparerOptions;
  /** What the session has set. It is returned when asked for, and has no other effect. */
  readonly #sessionSettings = new Map<string, string>();

  constructor(options: PreparerOptions) {
    this.#options = options;
  }

  /** The statements of a text. An internal error becomes an answer, too: somebody who looks must not end the proxy for its clients. */
  read(text: string, parameterTypes: readonly number[]): PreparedStatement[] {
    try {
      return this.#read(text, parameterTypes).map((prepared) => ({
        ...prepared,
        run: (values) => runSafely(prepared, values),
      }));
    } catch (error) {
      return [failedStatement(internalFault(error))];
    }
  }

  #read(text: string, parameterTypes: readonly number[]): PreparedStatement[] {
    const { tables } = this.#options;
    if (isCommand(text)) return [this.#command(text)];
    const setting = readSet(text);
    if (setting !== undefined) return [{ ...noResult, run: () => this.#session({ tag: 'SET', setting }) }];
    return readTableStatements(text, tables, parameterTypes).statements.map((statement) => {
      // SQL's grammar does not know the console's commands.
      if (statement.kind === 'fault' && statement.fault.sqlstate === '42601')
        return failedStatement({ ...statement.fault, hint: consoleHint });
      return this.#statement(statement);
    });
  }

  #command(text: string): PreparedStatement {
    const { context } = this.#options;
    const view = /^\s*show\s+(\w+)/i.exec(text)?.[1]?.toLowerCase();
    const columns = view === undefined ? undefined : columnsOfShow(view, context());
    return { parameterTypes: [], columns, run: () => command(text, context()) };
  }

  #statement(statement: TableStatement): PreparedStatement {
    switch (statement.kind) {
      case 'query':
        return {
          parameterTypes: statement.parameterTypes,
          columns: statement.columns,
          run: (values) => outcomeOf(statement.run(values, this.#options.epochMs()), statement.columns),
        };
      case 'show':
        return this.#show(statement.name);
      case 'session':
        return { ...noResult, run: () => this.#session(statement) };
      case 'transaction':
        return {
          ...noResult,
          transaction: statement.begins ? 'begin' : 'end',
          run: () => ({ kind: 'done', tag: statement.tag }),
        };
      case 'fault':
        return failedStatement(statement.fault);
    }
  }

  #session({ tag, setting }: Omit<Extract<TableStatement, { kind: 'session' }>, 'kind'>): Outcome {
    const outcome = setting && applySet(setting, this.#options.context());
    if (outcome !== undefined) return outcome;
    if (setting !== undefined && this.#sessionSettings.size < settingsMax)
      this.#sessionSettings.set(setting.name, setting.value);
    if (setting === undefined) this.#sessionSettings.clear();
    return { kind: 'done', tag };
  }

  #show(name: string): PreparedStatement {
    const setting = name.toLowerCase();
    const columns = [{ name: setting, type: 'text' as const }];
    return {
      parameterTypes: [],
      columns,
      run: () => {
        const value = this.#sessionSettings.get(setting) ?? settings.get(setting);
        if (value !== undefined) return { kind: 'table', tag: 'SHOW', table: { columns, rows: [[value]] } };
        return command(`show ${setting.replaceAll(/\W/g, '_')}`, this.#options.context());
      },
    };
  }
}

/** How many settings a session may have. */
const settingsMax = 200;

function runSafely(prepared: PreparedStatement, values: readonly BoundValue[]): Outcome | PendingOutcome {
  try {
    return prepared.run(values);
  } catch (error) {
    return { kind: 'error', ...internalFault(error) };
  }
}

function internalFault(error: unknown): { sqlstate: string; message: string; hint: string } {
  const message = `internal error of pg-proxy: ${error instanceof Error ? error.message : String(error)}`;
  return { sqlstate: 'XX000', message, hint: 'Clients are not affected. Please report it, with your query.' };
}

function failedStatement(fault: {
  sqlstate: string;
  message: string;
  hint?: string | undefined;
  position?: number;
}): PreparedStatement {
  const failure: Failure = { kind: 'error', ...fault };
  return { ...noResult, failure, run: () => failure };
}

function outcomeOf(answer: Answer, columns: readonly SourceColumn[]): Outcome {
  if (answer.kind === 'fault') return { kind: 'error', ...answer.fault };
  const { rows } = answer;
  return { kind: 'table', tag: `SELECT ${rows.length}`, table: { columns, rows } };
}
