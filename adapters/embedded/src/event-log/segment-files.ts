import { closeSync, fsyncSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** File of the segment that begins at `base`; padded, so that the order of the names is the order of the offsets. */
export function segmentFile(folder: string, base: number): string {
  return join(folder, `${String(base).padStart(16, '0')}.sqlite`);
}

/** Base offsets of the segments of a partition, ascending; empty when nothing was appended yet. */
export function segmentBases(folder: string): number[] {
  const names = ifThere(() => readdirSync(folder)) ?? [];
  const bases = names.flatMap((name) => (/^\d{16}\.sqlite$/.test(name) ? [Number(name.slice(0, 16))] : []));
  return bases.sort((one, other) => one - other);
}

/** Removes a segment. Processes that still have it open go on reading it. */
export function removeSegment(folder: string, base: number): void {
  const file = segmentFile(folder, base);
  // The database itself first: without it nobody opens what remains, should the process die here.
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
}

/**
 * Removes what is left of deleted segments: their write-ahead logs, when a process died between the two deletions or a reader opened
 * them once more. Only for the writer of the partition: nobody else knows that no segment is being made.
 */
export function removeLeftovers(folder: string): void {
  const names = new Set(ifThere(() => readdirSync(folder)) ?? []);
  for (const name of names) {
    const [segment] = /^\d{16}\.sqlite(?=-(wal|shm)$)/.exec(name) ?? [];
    if (segment !== undefined && !names.has(segment)) rmSync(join(folder, name), { force: true });
  }
}

/** Makes the names in a folder durable: a file whose name is lost with the power is lost itself. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** What `read` returns, or undefined when the file or folder is not there. */
export function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    // By its code, not by its class: an error of the file system is of another realm where code runs in a context of its own.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
