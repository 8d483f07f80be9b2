import { closeSync, fsyncSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** File of the segment that begins at `base`; padded, so that the order of the names is the order of the offsets. */
export function segmentFile(folder: string, base: number): string {
  return join(folder, `${String(base).padStart(16, '0')}.sqlite`);
}

/** Base offsets of the segments of a partition, ascending; empty before the first append. */
export function segmentBases(folder: string): number[] {
  const names = ifThere(() => readdirSync(folder)) ?? [];
  const bases = names.flatMap((name) => (/^\d{16}\.sqlite$/.test(name) ? [Number(name.slice(0, 16))] : []));
  return bases.sort((one, other) => one - other);
}

/** Removes a segment. Processes that have it open continue to read it. */
export function removeSegment(folder: string, base: number): void {
  const file = segmentFile(folder, base);
  // The database is deleted first: without it nothing opens the remaining files if the process dies here.
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
}

/**
 * Removes leftovers of deleted segments: their write-ahead logs, if a process died between the two deletions or a
 * reader opened them once more. Only for the writer of the partition, since only it knows that no segment is being
 * created.
 */
export function removeLeftovers(folder: string): void {
  const names = new Set(ifThere(() => readdirSync(folder)) ?? []);
  for (const name of names) {
    const [segment] = /^\d{16}\.sqlite(?=-(wal|shm)$)/.exec(name) ?? [];
    if (segment !== undefined && !names.has(segment)) rmSync(join(folder, name), { force: true });
  }
}

/** Makes the entries of a folder durable; otherwise a power failure could lose the name of a file, and so the file. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** What `read` returns, or undefined if the file or folder does not exist. */
export function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    // Checked by code, not by class: file system errors are of another realm if code runs in a context of its own.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
