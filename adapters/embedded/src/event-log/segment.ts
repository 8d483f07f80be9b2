import { existsSync, renameSync, rmSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { makeFolder } from '../folders/make-folder.ts';
import type { Chunk } from './chunk.ts';
import { segmentFile, syncFolder } from './segment-files.ts';

/** One stored chunk. */
export interface ChunkRow {
  readonly base: number;
  readonly count: number;
  readonly at: number;
  readonly bytes: Uint8Array;
}

// 16 KiB pages: half the time of 4 KiB ones for records of 500 KB, and hardly more for small ones. A checkpoint every 4 MiB keeps
// the longest commit below 10 ms.
const schema = `
  PRAGMA page_size = 16384;
  PRAGMA journal_mode = WAL;
  CREATE TABLE chunk (base INTEGER PRIMARY KEY, count INTEGER NOT NULL, at INTEGER NOT NULL, key TEXT, bytes BLOB NOT NULL);
  CREATE INDEX chunk_key ON chunk (key) WHERE key IS NOT NULL;
`;

/** Creates an empty segment atomically, so that a reader never finds a file without its table. */
export function createSegment(folder: string, base: number): void {
  makeFolder(folder);
  const file = segmentFile(folder, base);
  const made = `${file}.new`;
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(made + suffix, { force: true });
  const database = new DatabaseSync(made);
  database.exec(schema);
  database.close();
  renameSync(made, file);
  syncFolder(folder);
}

/** The one connection that writes a segment. */
export class SegmentWriter {
  readonly base: number;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #compact: StatementSync;
  #end: number;
  #bytes: number;

  constructor(folder: string, base: number) {
    this.base = base;
    this.#database = new DatabaseSync(segmentFile(folder, base), { timeout: 10_000 });
    this.#database.exec(
      'PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 256; PRAGMA journal_size_limit = 16777216',
    );
    this.#insert = this.#database.prepare('INSERT INTO chunk (base, count, at, key, bytes) VALUES (?, ?, ?, ?, ?)');
    this.#compact = this.#database.prepare('DELETE FROM chunk WHERE key = ? AND base < ?');
    const last = this.#database.prepare('SELECT base + count AS after FROM chunk ORDER BY base DESC LIMIT 1').get();
    this.#end = typeof last?.['after'] === 'number' ? last['after'] : base;
    const stored = this.#database.prepare('SELECT coalesce(sum(length(bytes)), 0) AS bytes FROM chunk').get();
    this.#bytes = Number(stored?.['bytes']);
  }

  /** Offset of the next record. */
  get end(): number {
    return this.#end;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Stores the chunks in one transaction; durable when it returns. */
  append(chunks: readonly Chunk[], atMs: number): void {
    let end = this.#end;
    let bytes = this.#bytes;
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const chunk of chunks) {
        this.#insert.run(end, chunk.count, atMs, chunk.key ?? null, chunk.bytes);
        if (chunk.key !== undefined) this.#compact.run(chunk.key, end);
        end += chunk.count;
        bytes += chunk.bytes.length;
      }
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
    this.#end = end;
    this.#bytes = bytes;
  }

  /** When its first and its last record were stored; undefined for an empty segment. */
  times(): { readonly firstMs: number; readonly lastMs: number } | undefined {
    const times = this.#database.prepare('SELECT min(at) AS first, max(at) AS last FROM chunk').get();
    const { first, last } = times ?? {};
    return typeof first === 'number' && typeof last === 'number' ? { firstMs: first, lastMs: last } : undefined;
  }

  close(): void {
    this.#database.close();
  }
}

/**
 * A connection that reads a segment. No cursor stays open between calls, so the writer's checkpoints are never blocked.
 */
export class SegmentReader {
  readonly base: number;
  readonly #database: DatabaseSync;
  readonly #from: StatementSync;
  readonly #end: StatementSync;

  /** Use `openSegment`, which handles deleted segments. */
  constructor(folder: string, base: number) {
    this.base = base;
    this.#database = new DatabaseSync(segmentFile(folder, base), { readOnly: true, timeout: 10_000 });
    this.#from = this.#database.prepare(`
      SELECT base, count, at, bytes FROM chunk
      WHERE base >= coalesce((SELECT max(base) FROM chunk WHERE base <= ?1), 0) AND base + count > ?1
      ORDER BY base LIMIT 1`);
    this.#end = this.#database.prepare('SELECT base + count AS after FROM chunk ORDER BY base DESC LIMIT 1');
  }

  /** The chunk that contains `offset`, or the next one after it. */
  chunkAt(offset: number): ChunkRow | undefined {
    return this.#from.get(offset) as ChunkRow | undefined;
  }

  /** Offset after the last record. */
  end(): number {
    const after = this.#end.get()?.['after'];
    return typeof after === 'number' ? after : this.base;
  }

  /** When the last record was stored; undefined for an empty segment. */
  lastMs(): number | undefined {
    const last = this.#database.prepare('SELECT max(at) AS last FROM chunk').get()?.['last'];
    return typeof last === 'number' ? last : undefined;
  }

  /** Every chunk that has a key, in offset order. */
  keyed(): readonly ChunkRow[] {
    const rows = this.#database.prepare('SELECT base, count, at, bytes FROM chunk WHERE key IS NOT NULL ORDER BY base');
    return rows.all() as unknown as ChunkRow[];
  }

  close(): void {
    this.#database.close();
  }
}

const sqliteCannotOpen = 14;

/** A reader of the segment that begins at `base`; undefined when it was deleted meanwhile. */
export function openSegment(folder: string, base: number): SegmentReader | undefined {
  try {
    return new SegmentReader(folder, base);
  } catch (error) {
    const isGone = (error as { readonly errcode?: unknown }).errcode === sqliteCannotOpen;
    if (isGone && !existsSync(segmentFile(folder, base))) return undefined;
    throw error;
  }
}
