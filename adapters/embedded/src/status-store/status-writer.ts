import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { idValue, type StatusColumns } from './status-rows.ts';

/** The position at which outcomes were read. */
export interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Changes the store, several calls in one transaction. */
export class StatusWriter {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #settle: StatementSync;
  readonly #place: StatementSync;
  readonly #forget: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare(`
      INSERT INTO operation (op_id, source_hash, state, seq, accepted_at_ms, settled_at_ms, outcome, partition)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (op_id) DO NOTHING`);
    this.#settle = database.prepare(`
      UPDATE operation SET state = ?, seq = ?, settled_at_ms = ?, outcome = ?, partition = ?
      WHERE op_id = ? AND source_hash = ? AND state = 0`);
    this.#place = database.prepare('INSERT OR REPLACE INTO position (topic, partition, offset) VALUES (?, ?, ?)');
    this.#forget = database.prepare('DELETE FROM operation WHERE op_id = ? AND settled_at_ms IS NOT NULL');
  }

  /** Runs `change` in one transaction. */
  inTransaction(change: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      change();
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Adds rows; existing ones are not changed. */
  accepted(rows: StatusColumns): void {
    for (const [at, opId] of rows.opIds.entries()) this.#add(rows, at, idValue(opId), 0);
  }

  /** Settles pending rows of the same message, adds missing rows, and does not change others. */
  settled(rows: StatusColumns, { topic, partition, offset }: Position): void {
    for (const [at, opId] of rows.opIds.entries()) {
      const id = idValue(opId);
      const { states, seqs, settledAtMs, outcomes, sourceHashes } = rows;
      const { changes } = this.#settle.run(
        states[at] ?? 0,
        seqs[at] ?? null,
        settledAtMs[at] ?? null,
        outcomes[at] ?? null,
        partition,
        id,
        idValue(sourceHashes[at] ?? ''),
      );
      if (changes === 0) this.#add(rows, at, id, partition);
    }
    this.#place.run(topic, partition, offset);
  }

  /** Deletes settled rows. */
  forget(opIds: readonly string[]): void {
    for (const opId of opIds) this.#forget.run(idValue(opId));
  }

  close(): void {
    this.#database.close();
  }

  #add(rows: StatusColumns, at: number, id: string | Uint8Array, partition: number): void {
    this.#insert.run(
      id,
      idValue(rows.sourceHashes[at] ?? ''),
      rows.states[at] ?? 0,
      rows.seqs[at] ?? null,
      rows.acceptedAtMs[at] ?? 0,
      rows.settledAtMs[at] ?? null,
      rows.outcomes[at] ?? null,
      partition,
    );
  }
}
