import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { makeFolder } from '../folders/make-folder.ts';

/** Offset below which a group, whose file it is, is done with a partition. */
export interface Commit {
  readonly file: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

const busyMs = 10_000;

/**
 * What the groups committed: a small database for each. Not synchronised with the disk at every commit: after a power cut a group may
 * find an older offset and read some records again, which at-least-once delivery allows.
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
 * What a group committed last; read rarely (when a subscription begins), so the file is opened for it. Opened for writing, too: where
 * a process was killed as it made the file, SQLite has a journal to take back first, which it refuses to a connection that only reads.
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
