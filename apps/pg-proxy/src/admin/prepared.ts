import type { Answer, BoundValue, SourceColumn, TableStatement, Tables } from '@medrex/sql';
import { readTableStatements } from '@medrex/sql';
import {
  columnsOfShow,
  command,
  consoleHint,
  isCommand,
  type Controls,
  type Failure,
  type Later,
  type Outcome,
} from './commands.ts';
import { settings } from './medrex-tables.ts';
import { readSet, settingBySet } from './set-command.ts';

/** A statement of a session without a server. */
export interface Prepared {
  /** OIDs. */
  readonly parameterTypes: readonly number[];
  /** Undefined: it returns no rows. */
  readonly columns: readonly SourceColumn[] | undefined;
  /** What it does to the transaction, which holds nothing here. */
  readonly transaction?: 'begin' | 'end';
  /** It cannot be prepared. */
  readonly failure?: Failure;
  run(values: readonly BoundValue[]): Outcome | Later;
}

export interface PreparerOptions {
  /** The current ones: a RELOAD may have changed them. */
  readonly controls: () => Controls;
  readonly tables: Tables;
  /** Wall clock, in ms since 1970. */
  readonly epochMs: () => number;
}

const quiet = { parameterTypes: [], columns: undefined };

/** Understands what is sent to the console: its commands, SHOW, SELECT, and what drivers send around them. */
export class Preparer {
  readonly #options: PreparerOptions;
  /** What the session has set. It is returned when asked for, and has no other effect. */
  readonly #set = new Map<string, string>();

  constructor(options: PreparerOptions) {
    this.#options = options;
  }

  /** The statements of a text. An internal error becomes an answer, too: somebody who looks must not end the proxy for its clients. */
  read(text: string, parameterTypes: readonly number[]): Prepared[] {
    try {
      return this.#read(text, parameterTypes).map((prepared) => ({
        ...prepared,
        run: (values) => ran(prepared, values),
      }));
    } catch (error) {
      return [failed(ownFault(error))];
    }
  }

  #read(text: string, parameterTypes: readonly number[]): Prepared[] {
    const { tables } = this.#options;
    if (isCommand(text)) return [this.#command(text)];
    const setting = readSet(text);
    if (setting !== undefined) return [{ ...quiet, run: () => this.#session({ tag: 'SET', setting }) }];
    return readTableStatements(text, tables, parameterTypes).statements.map((statement) => {
      // SQL's grammar does not know the console's commands.
      if (statement.kind === 'fault' && statement.fault.sqlstate === '42601')
        return failed({ ...statement.fault, hint: consoleHint });
      return this.#statement(statement);
    });
  }

  #command(text: string): Prepared {
    const { controls } = this.#options;
    const view = /^\s*show\s+(\w+)/i.exec(text)?.[1]?.toLowerCase();
    const columns = view === undefined ? undefined : columnsOfShow(view, controls());
    return { parameterTypes: [], columns, run: () => command(text, controls()) };
  }

  #statement(statement: TableStatement): Prepared {
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
        return { ...quiet, run: () => this.#session(statement) };
      case 'transaction':
        return {
          ...quiet,
          transaction: statement.begins ? 'begin' : 'end',
          run: () => ({ kind: 'done', tag: statement.tag }),
        };
      case 'fault':
        return failed(statement.fault);
    }
  }

  #session({ tag, setting }: Omit<Extract<TableStatement, { kind: 'session' }>, 'kind'>): Outcome {
    const outcome = setting && settingBySet(setting, this.#options.controls());
    if (outcome !== undefined) return outcome;
    if (setting !== undefined && this.#set.size < settingsMax) this.#set.set(setting.name, setting.value);
    if (setting === undefined) this.#set.clear();
    return { kind: 'done', tag };
  }

  #show(name: string): Prepared {
    const setting = name.toLowerCase();
    const columns = [{ name: setting, type: 'text' as const }];
    return {
      parameterTypes: [],
      columns,
      run: () => {
        const value = this.#set.get(setting) ?? settings.get(setting);
        if (value !== undefined) return { kind: 'table', tag: 'SHOW', table: { columns, rows: [[value]] } };
        return command(`show ${setting.replaceAll(/\W/g, '_')}`, this.#options.controls());
      },
    };
  }
}

/** How many settings a session may have. */
const settingsMax = 200;

function ran(prepared: Prepared, values: readonly BoundValue[]): Outcome | Later {
  try {
    return prepared.run(values);
  } catch (error) {
    return { kind: 'error', ...ownFault(error) };
  }
}

function ownFault(error: unknown): { sqlstate: string; message: string; hint: string } {
  const message = `internal error of pg-proxy: ${error instanceof Error ? error.message : String(error)}`;
  return { sqlstate: 'XX000', message, hint: 'Clients are not affected. Please report it, with your query.' };
}

function failed(fault: { sqlstate: string; message: string; hint?: string | undefined; position?: number }): Prepared {
  const failure: Failure = { kind: 'error', ...fault };
  return { ...quiet, failure, run: () => failure };
}

function outcomeOf(answer: Answer, columns: readonly SourceColumn[]): Outcome {
  if (answer.kind === 'fault') return { kind: 'error', ...answer.fault };
  const { rows } = answer;
  return { kind: 'table', tag: `SELECT ${rows.length}`, table: { columns, rows } };
}
