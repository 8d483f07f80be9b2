import {
  SqlFailure,
  type PageSize,
  type SqlAnswer,
  type SqlColumn,
  type SqlConnection,
  type SqlCursor,
  type SqlDescription,
  type SqlDriver,
  type SqlLogin,
  type SqlPage,
  type SqlRow,
  type SqlValue,
  type TransactionModes,
} from '@medrex/sql-driver';
import pg from 'pg';
import { exchange, type Ask, type Exchanged } from './exchange.ts';
import { sqlTypeOf } from './jdbc-types.ts';

/** `SqlDriver` for PostgreSQL by `pg`. Rows are read by portals, page by page. */
export class PostgresDriver implements SqlDriver {
  readonly #config: pg.ClientConfig;

  constructor(config: pg.ClientConfig) {
    this.#config = config;
  }

  async open({ user, password, lost }: SqlLogin): Promise<SqlConnection> {
    const config = { ...this.#config, user, password };
    const client = new pg.Client(config);
    const connection = new PostgresConnection(client, config);
    client.on('error', () => connection.gone(lost));
    client.on('end', () => connection.gone(lost));
    try {
      await client.connect();
    } catch (error) {
      throw failureOf(error);
    }
    return connection;
  }
}

class PostgresConnection implements SqlConnection {
  readonly #client: pg.Client;
  readonly #config: pg.ClientConfig;
  readonly #cursors = new Set<string>();
  #isInTransaction = false;
  /** A transaction was begun only for portals, which need one. */
  #isForCursors = false;
  #lastCursor = 0;
  #isOver = false;

  constructor(client: pg.Client, config: pg.ClientConfig) {
    this.#client = client;
    this.#config = config;
  }

  get processId(): string {
    return String((this.#client as unknown as { readonly processID: number }).processID);
  }

  gone(lost: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    lost();
  }

  async describe(sql: string): Promise<SqlDescription> {
    const asked = await this.#exchange((connection) => {
      connection.parse({ name: '', text: sql, types: [] }, true);
      connection.describe({ type: 'S', name: '' }, true);
    });
    return { columns: asked.columns?.map(columnOf), parameters: asked.parameterTypes.map(sqlTypeOf) };
  }

  async run(sql: string, parameters: readonly SqlValue[], page: PageSize): Promise<SqlAnswer> {
    if (!this.#isInTransaction && !this.#isForCursors) {
      await this.#command('BEGIN');
      this.#isForCursors = true;
    }
    const portal = `cursor_${++this.#lastCursor}`;
    try {
      const asked = await this.#exchange((connection) => {
        connection.parse({ name: '', text: sql, types: [] }, true);
        connection.bind({ portal, statement: '', values: parameters.map(valueOf) }, true);
        connection.describe({ type: 'P', name: portal }, true);
        connection.execute({ portal, rows: String(page.rowsMax) }, true);
      });
      return await this.#answerOf(asked, portal);
    } catch (error) {
      await this.#endForCursors('ROLLBACK');
      throw error;
    }
  }

  async runMany(sql: string, batch: readonly (readonly SqlValue[])[]): Promise<number> {
    const isOwn = !this.#isInTransaction;
    if (isOwn) await this.#command('BEGIN');
    let changed = 0;
    try {
      for (const parameters of batch) {
        const asked = await this.#exchange((connection) => {
          connection.parse({ name: '', text: sql, types: [] }, true);
          connection.bind({ portal: '', statement: '', values: parameters.map(valueOf) }, true);
          connection.execute({ portal: '', rows: '0' }, true);
        });
        changed += countOf(asked.tag);
      }
      if (isOwn) await this.#command('COMMIT');
    } catch (error) {
      if (isOwn) await this.#command('ROLLBACK');
      throw error;
    }
    return changed;
  }

  async begin({ isolation, isReadOnly }: TransactionModes): Promise<void> {
    await this.#endForCursors('COMMIT');
    await this.#command(`BEGIN ISOLATION LEVEL ${isolation}${isReadOnly ? ' READ ONLY' : ''}`);
    this.#isInTransaction = true;
  }

  async commit(): Promise<void> {
    this.#isInTransaction = false;
    this.#cursors.clear();
    const { tag } = await this.#command('COMMIT');
    if (tag === 'ROLLBACK') throw new SqlFailure('the transaction was rolled back', { sqlstate: '40000' });
  }

  async rollback(): Promise<void> {
    this.#isInTransaction = false;
    this.#cursors.clear();
    await this.#command('ROLLBACK');
  }

  async cancel(): Promise<void> {
    const other = new pg.Client(this.#config);
    try {
      await other.connect();
      await other.query('SELECT pg_cancel_backend($1::int)', [this.processId]);
    } finally {
      await other.end();
    }
  }

  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#client.end();
  }

  async #answerOf(asked: Exchanged, portal: string): Promise<SqlAnswer> {
    if (asked.columns === undefined) {
      await this.#endForCursors('COMMIT');
      return { kind: 'count', rows: countOf(asked.tag) };
    }
    const columns = asked.columns.map(columnOf);
    if (asked.isSuspended) this.#cursors.add(portal);
    const first = await this.#pageOf(asked, columns, portal);
    const cursor: SqlCursor = {
      next: async ({ rowsMax }) => {
        if (!this.#cursors.has(portal)) throw new SqlFailure('the cursor is closed', { sqlstate: '24000' });
        const more = await this.#exchange((connection) => connection.execute({ portal, rows: String(rowsMax) }, true));
        return this.#pageOf(more, columns, portal);
      },
      close: async () => this.#closed(portal),
    };
    return { kind: 'rows', columns, first, cursor };
  }

  async #pageOf(asked: Exchanged, columns: readonly SqlColumn[], portal: string): Promise<SqlPage> {
    const rows = asked.rows.map((row): SqlRow => row.map((cell, place) => cellOf(cell, columns[place])));
    if (!asked.isSuspended) await this.#closed(portal);
    return { rows, isLast: !asked.isSuspended };
  }

  async #closed(portal: string): Promise<void> {
    this.#cursors.delete(portal);
    await this.#endForCursors('COMMIT');
  }

  async #endForCursors(how: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    if (!this.#isForCursors || this.#cursors.size > 0) return;
    this.#isForCursors = false;
    await this.#command(how);
  }

  async #command(sql: string): Promise<Exchanged> {
    return this.#exchange((connection) => {
      connection.parse({ name: '', text: sql, types: [] }, true);
      connection.bind({ portal: '', statement: '', values: [] }, true);
      connection.execute({ portal: '', rows: '0' }, true);
    });
  }

  async #exchange(ask: Ask): Promise<Exchanged> {
    try {
      return await exchange(this.#client, ask);
    } catch (error) {
      throw failureOf(error);
    }
  }
}

function columnOf({ name, dataTypeID, dataTypeModifier }: pg.FieldDef): SqlColumn {
  const precision = dataTypeModifier > 4 ? (dataTypeModifier - 4) >> 16 : 0;
  return {
    label: name,
    ...sqlTypeOf(dataTypeID),
    precision,
    scale: dataTypeModifier > 4 ? (dataTypeModifier - 4) & 0xffff : 0,
  };
}

function cellOf(cell: string | null, column: SqlColumn | undefined): Uint8Array | null {
  if (cell === null) return null;
  return column?.name === 'bytea' ? Buffer.from(cell.slice(2), 'hex') : Buffer.from(cell);
}

function valueOf(value: SqlValue): string | Buffer | null {
  if (value === null) return null;
  if (value.as === 'bytes') return Buffer.from(value.bytes);
  if (value.as !== 'list') return value.text;
  return `{${value.items.map((item) => `"${item.replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}`;
}

const countOf = (tag: string): number => Number(/ (\d+)$/.exec(tag)?.[1] ?? 0);

function failureOf(error: unknown): SqlFailure {
  const { code, severity, message } = error as { code?: string; severity?: string; message: string };
  const isFatal = severity === undefined || severity === 'FATAL';
  const sqlstate = code !== undefined && /^[0-9A-Z]{5}$/.test(code) ? code : '08006';
  return new SqlFailure(message, { sqlstate, isFatal, cause: error });
}
