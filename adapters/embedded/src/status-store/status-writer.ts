import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { idValue, type StatusColumns } from './status-rows.ts';

/** Where outcomes were read. */
export interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Rows deleted in one transaction, so that nobody waits long for a large prune. */
const pruneStep = 5_000;

/** Changes the store, several calls in one transaction. */
export class StatusWriter {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #settle: StatementSync;
  readonly #place: StatementSync;
  readonly #prune: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare(`
      INSERT INTO operation (op_id, source_hash, state, seq, accepted_at_ms, settled_at_ms, outcome)
      VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (op_id) DO NOTHING`);
    this.#settle = database.prepare(`
      UPDATE operation SET state = ?, seq = ?, settled_at_ms = ?, outcome = ?
      WHERE op_id = ? AND source_hash = ? AND state = 0`);
    this.#place = database.prepare('INSERT OR REPLACE INTO position (topic, partition, offset) VALUES (?, ?, ?)');
    this.#prune = database.prepare(`
      DELETE FROM operation WHERE number IN (SELECT number FROM operation WHERE settled_at_ms < ? LIMIT ?)`);
  }

  /** Runs `change` in one transaction, all of it or nothing. */
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

  /** Adds rows; one that is there stays as it is. */
  accepted(rows: StatusColumns): void {
    for (const [at, opId] of rows.opIds.entries()) this.#add(rows, at, idValue(opId));
  }

  /** Settles pending rows of the same message, adds those that are not there, and leaves every other as it is. */
  settled(rows: StatusColumns, { topic, partition, offset }: Position): void {
    for (const [at, opId] of rows.opIds.entries()) {
      const id = idValue(opId);
      const { states, seqs, settledAtMs, outcomes, sourceHashes } = rows;
      const { changes } = this.#settle.run(
        states[at] ?? 0,
        seqs[at] ?? null,
        settledAtMs[at] ?? null,
        outcomes[at] ?? null,
        id,
        idValue(sourceHashes[at] ?? ''),
      );
      if (changes === 0) this.#add(rows, at, id);
    }
    this.#place.run(topic, partition, offset);
  }

  /** Deletes a limited number of rows that were settled before `ms`; 0 when there are none left. */
  pruneSome(ms: number): number {
    return Number(this.#prune.run(ms, pruneStep).changes);
  }

  close(): void {
    this.#database.close();
  }

  #add(rows: StatusColumns, at: number, id: string | Uint8Array): void {
    this.#insert.run(
      id,
      idValue(rows.sourceHashes[at] ?? ''),
      rows.states[at] ?? 0,
      rows.seqs[at] ?? null,
      rows.acceptedAtMs[at] ?? 0,
      rows.settledAtMs[at] ?? null,
      rows.outcomes[at] ?? null,
    );
  }
}
