import {
  SqlFailure,
  type PageSize,
  type SqlAnswer,
  type SqlColumn,
  type SqlConnection,
  type SqlDescription,
  type SqlDriver,
  type SqlLogin,
  type SqlPage,
  type SqlValue,
  type TransactionModes,
} from '@medrex/sql-driver';

/** The answer to a statement: a number of changed rows, rows of text, or a failure. */
type Rows = readonly (readonly (string | null)[])[];
export type Script = number | Rows | SqlFailure | Promise<number | Rows>;

/** A driver whose server is a function; it records the calls. */
export class ScriptedDriver implements SqlDriver {
  readonly heard: string[] = [];
  readonly answer: (sql: string) => Script;
  lose: () => void = () => undefined;
  /** Called on cancel. */
  cancelled: () => void = () => undefined;

  constructor(answer: (sql: string) => Script) {
    this.answer = answer;
  }

  async open({ lost }: SqlLogin): Promise<SqlConnection> {
    this.lose = lost;
    return new ScriptedConnection(this);
  }
}

function shown(value: SqlValue): string {
  if (value === null) return 'NULL';
  if (value.as === 'list') return `[${value.items.join()}]`;
  return 'text' in value ? value.text : value.as;
}

class ScriptedConnection implements SqlConnection {
  readonly processId = '4711';
  readonly #driver: ScriptedDriver;

  constructor(driver: ScriptedDriver) {
    this.#driver = driver;
  }

  async describe(sql: string): Promise<SqlDescription> {
    this.#driver.heard.push(`describe ${sql}`);
    const rows = this.#driver.answer(sql);
    return { columns: Array.isArray(rows) ? columnsOf(rows as string[][]) : undefined, parameters: [] };
  }

  async run(sql: string, parameters: readonly SqlValue[], page: PageSize): Promise<SqlAnswer> {
    const bound = parameters.map(shown);
    this.#driver.heard.push([sql, ...(bound.length === 0 ? [] : [`(${bound.join(', ')})`])].join(' '));
    const script = await this.#driver.answer(sql);
    if (script instanceof SqlFailure) throw script;
    if (typeof script === 'number') return { kind: 'count', rows: script };
    let at = 0;
    const next = ({ rowsMax }: PageSize): SqlPage => {
      const rows = script
        .slice(at, at + rowsMax)
        .map((row) => row.map((cell) => (cell === null ? null : Buffer.from(cell))));
      at += rowsMax;
      return { rows, isLast: at >= script.length };
    };
    const close = async (): Promise<void> => void this.#driver.heard.push('close cursor');
    return {
      kind: 'rows',
      columns: columnsOf(script),
      first: next(page),
      cursor: { next: async (more) => next(more), close },
    };
  }

  async runMany(sql: string, batch: readonly (readonly SqlValue[])[]): Promise<number> {
    for (const parameters of batch) await this.run(sql, parameters, { rowsMax: 1, bytesMax: 1 });
    return batch.length;
  }

  async begin({ isolation, isReadOnly }: TransactionModes): Promise<void> {
    this.#driver.heard.push(`begin ${isolation}${isReadOnly ? ' read only' : ''}`);
  }

  async commit(): Promise<void> {
    this.#driver.heard.push('commit');
  }

  async rollback(): Promise<void> {
    this.#driver.heard.push('rollback');
  }

  async cancel(): Promise<void> {
    this.#driver.heard.push('cancel');
    this.#driver.cancelled();
  }

  async close(): Promise<void> {
    this.#driver.heard.push('close');
  }
}

function columnsOf(rows: readonly (readonly (string | null)[])[]): SqlColumn[] {
  return (rows[0] ?? ['']).map((_, place) => ({
    label: `C${place + 1}`,
    code: 12,
    name: 'varchar',
    precision: 50,
    scale: 0,
  }));
}
