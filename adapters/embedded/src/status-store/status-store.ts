import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { OperationOutcome, OperationStatus, SettledQuery, StatusStore } from '@medrex/contracts';
import { startThread, ThreadClient } from '../threads/thread-client.ts';
import { statusStoreError } from './errors.ts';
import { openStatusDatabase } from './status-database.ts';
import type { StatusRequest } from './status-requests.ts';
import { idText, idValue, statusColumns, statusFrom, statusOf, type StatusRow } from './status-rows.ts';
import type { Position } from './status-writer.ts';

export interface EmbeddedStatusStoreOptions {
  /** E.g. `<data>/status/status.sqlite`; created with its folder if it does not exist. */
  readonly file: string;
  /** Maximum of rows waiting to be written; a run beyond it is refused. */
  readonly waitingRowsMax?: number;
}

/**
 * The status store on one machine, in one SQLite file that several processes may use. Reads run on this thread, writes
 * on a thread of their own.
 */
export class EmbeddedStatusStore implements StatusStore {
  readonly #database: DatabaseSync;
  readonly #get: StatementSync;
  readonly #writer: ThreadClient<StatusRequest, number>;
  readonly #waitingRowsMax: number;
  #waitingRows = 0;
  #closed: Promise<void> | undefined;

  constructor({ file, waitingRowsMax = 100_000 }: EmbeddedStatusStoreOptions) {
    this.#waitingRowsMax = waitingRowsMax;
    this.#database = openStatusDatabase(file);
    this.#get = this.#database.prepare('SELECT * FROM operation WHERE op_id = ?');
    this.#writer = new ThreadClient({
      start: () => startThread(import.meta.url, 'status-thread', { file }),
      failure: (_code, message) => statusStoreError('STATUS_STORE_FAILED', message),
      lost: (cause) =>
        statusStoreError('STATUS_STORE_FAILED', 'the thread that writes the status store ended', { cause }),
    });
  }

  async get(opIds: readonly string[]): Promise<readonly (OperationStatus | undefined)[]> {
    this.#checkOpen();
    return opIds.map((opId) => {
      const row = this.#get.get(idValue(opId)) as StatusRow | undefined;
      return row && statusFrom(opId, row);
    });
  }

  async accepted(statuses: readonly OperationStatus[]): Promise<void> {
    this.#checkOpen();
    await this.#write(statuses.length, { kind: 'accepted', rows: statusColumns(statuses) });
  }

  async settled(
    outcomes: readonly { readonly outcome: OperationOutcome; readonly settledAtMs: number }[],
    position: Position,
  ): Promise<void> {
    this.#checkOpen();
    const rows = statusColumns(outcomes.map(({ outcome, settledAtMs }) => statusOf(outcome, settledAtMs)));
    await this.#write(outcomes.length, { kind: 'settled', rows, position });
  }

  async position(topic: string, partition: number): Promise<number | undefined> {
    this.#checkOpen();
    const query = 'SELECT offset FROM position WHERE topic = ? AND partition = ?';
    const offset = this.#database.prepare(query).get(topic, partition)?.['offset'];
    return typeof offset === 'number' ? offset : undefined;
  }

  async dead(limit: number): Promise<readonly OperationStatus[]> {
    this.#checkOpen();
    const query = 'SELECT * FROM operation WHERE state = 3 ORDER BY settled_at_ms DESC LIMIT ?';
    return this.#list(query, limit);
  }

  async settledBefore({ partition, beforeMs, after, limit }: SettledQuery): Promise<readonly OperationStatus[]> {
    this.#checkOpen();
    const query = `
      SELECT * FROM operation
      WHERE partition = ? AND settled_at_ms >= ? AND settled_at_ms < ? AND (settled_at_ms, op_id) > (?, ?)
      ORDER BY settled_at_ms, op_id LIMIT ?`;
    const { settledAtMs, opId } = after ?? { settledAtMs: 0, opId: '' };
    const place = [settledAtMs, beforeMs, settledAtMs, idValue(opId)] as const;
    return this.#list(query, partition, ...place, limit);
  }

  async forget(opIds: readonly string[]): Promise<void> {
    this.#checkOpen();
    if (opIds.length > 0) await this.#writer.ask({ kind: 'forget', opIds });
  }

  close(): Promise<void> {
    this.#closed ??= this.#writer.close({ kind: 'close' }).then(() => this.#database.close());
    return this.#closed;
  }

  #list(query: string, ...values: readonly (number | string | Uint8Array)[]): readonly OperationStatus[] {
    const rows = this.#database.prepare(query).all(...values) as unknown as (StatusRow & {
      readonly op_id: string | Uint8Array;
    })[];
    return rows.map((row) => statusFrom(idText(row.op_id), row));
  }

  async #write(rows: number, request: StatusRequest): Promise<void> {
    if (this.#waitingRows > 0 && this.#waitingRows + rows > this.#waitingRowsMax) {
      throw statusStoreError('STATUS_STORE_BACKLOG', `the status store: ${this.#waitingRows} rows are waiting`);
    }
    this.#waitingRows += rows;
    try {
      await this.#writer.ask(request);
    } finally {
      this.#waitingRows -= rows;
    }
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw statusStoreError('STATUS_STORE_CLOSED', 'the status store is closed');
  }
}
