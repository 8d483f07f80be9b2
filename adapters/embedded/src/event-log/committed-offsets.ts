import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { makeFolder } from '../folders/make-folder.ts';

/** Offset below which a group (whose file it is) has processed a partition. */
export interface Commit {
  readonly file: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

const busyMs = 10_000;

/**
 * Committed offsets, with a small database for each group. They are not synchronised with the disk at every commit:
 * after a power failure a group may find an older offset and read some records again, as at-least-once delivery allows.
 */
export class CommittedOffsets {
  readonly #groups = new Map<string, { readonly database: DatabaseSync; readonly put: StatementSync }>();

  commit({ file, topic, partition, offset }: Commit): void {
    const known = this.#groups.get(file) ?? this.#open(file);
    known.put.run(topic, partition, offset);
  }

  close(): void {
    for (const { database } of this.#groups.values()) database.close();
    this.#groups.clear();
  }

  #open(file: string): { readonly database: DatabaseSync; readonly put: StatementSync } {
    makeFolder(dirname(file));
    const database = new DatabaseSync(file, { timeout: busyMs });
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS committed (
        topic TEXT NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY (topic, partition)
      ) WITHOUT ROWID`);
    const put = database.prepare('INSERT OR REPLACE INTO committed (topic, partition, offset) VALUES (?, ?, ?)');
    const opened = { database, put };
    this.#groups.set(file, opened);
    return opened;
  }
}

/**
 * The last offset that a group committed. It is read rarely (when a subscription begins), so the file is opened for
 * each read. It is opened for writing, because after a process was killed while creating the file, SQLite must roll
 * back a journal, which a read-only connection cannot do.
 */
export function readCommitted({ file, topic, partition }: Omit<Commit, 'offset'>): number | undefined {
  if (!existsSync(file)) return undefined;
  const database = new DatabaseSync(file, { timeout: busyMs });
  try {
    const isMade = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'committed'").get() !== undefined;
    if (!isMade) return undefined;
    const row = database
      .prepare('SELECT offset FROM committed WHERE topic = ? AND partition = ?')
      .get(topic, partition);
    return typeof row?.['offset'] === 'number' ? row['offset'] : undefined;
  } finally {
    database.close();
  }
}
