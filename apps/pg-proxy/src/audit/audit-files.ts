import { lockFile } from '@medrex/linux';
import { open, readdir, readFile, rename, type FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { initialHash, hashOf, headFile, lockOf, readHead, readEntry, sealed, segmentFile, type Head } from './chain.ts';

/** Numbers of the existing segments, in order. */
export async function segmentsOf(file: string): Promise<number[]> {
  const names = await readdir(dirname(file)).catch(orAbsent((): string[] => []));
  const start = `${basename(file)}.`;
  return names
    .filter((name) => name.startsWith(start) && /^\d{6,}$/.test(name.slice(start.length)))
    .map((name) => Number(name.slice(start.length)))
    .sort((one, other) => one - other);
}

export async function headOf(file: string): Promise<Head | undefined> {
  return readHead(await readFile(headFile(file), 'utf8').catch(orAbsent(() => '')));
}

/** A missing file counts as empty; one that cannot be read does not. */
function orAbsent<T>(nothing: () => T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return nothing();
    throw error;
  };
}

/** The state of a log when the process starts. */
export interface ExistingLog {
  readonly segment: number;
  readonly bytes: number;
  /** The number of the last complete entry. */
  readonly seq: number;
  readonly hash: string;
  /** Bytes behind it, left by a process that ended while it wrote; several lines if that has happened twice. */
  readonly torn: Buffer | undefined;
  readonly head: Head | undefined;
}

/** Undefined: there is no log yet. */
export async function findLog(file: string): Promise<ExistingLog | undefined> {
  const head = await headOf(file);
  const segments = await segmentsOf(file);
  const newest = segments.at(-1);
  if (newest === undefined && head === undefined) return undefined;
  const segment = newest ?? head?.segment ?? 1;
  const content = newest === undefined ? Buffer.alloc(0) : await readFile(segmentFile(file, newest));
  const last = await lastEntryOf(file, segments);
  const end = last.segment === segment ? last.end : 0;
  return {
    segment,
    bytes: content.length,
    head,
    seq: last.seq,
    hash: last.hash,
    torn: end < content.length ? content.subarray(end) : undefined,
  };
}

/** The position of an entry; `end` is where the next line of its segment begins, in bytes. */
interface LastEntry {
  readonly segment: number;
  readonly end: number;
  readonly seq: number;
  readonly hash: string;
}

/** The last complete entry; the newest segment may not have one yet. */
async function lastEntryOf(file: string, segments: readonly number[]): Promise<LastEntry> {
  for (const segment of [...segments].reverse()) {
    const content = await readFile(segmentFile(file, segment));
    for (let end = content.lastIndexOf(0x0a); end > 0;) {
      const before = content.lastIndexOf(0x0a, end - 1);
      const line = content.subarray(before + 1, end);
      const link = readEntry(line);
      if (link !== undefined) return { segment, end: end + 1, seq: link.seq, hash: hashOf(line) };
      end = before;
    }
  }
  return { segment: 0, end: 0, seq: 0, hash: initialHash };
}

/** The files of one log, which are only appended to. */
export class AuditFiles {
  readonly #file: string;
  readonly #key: string | undefined;
  #handle: FileHandle | undefined;
  #lock: FileHandle | undefined;
  /** Length of the segment, as far as it is known to be on the disk. */
  bytes = 0;
  segment = 0;
  /** A failed write may have left something behind `bytes`. */
  #isTorn = false;

  constructor(file: string, key: string | undefined) {
    this.#file = file;
    this.#key = key;
  }

  /** Called before anything is written. @throws Error another process writes this log */
  async lock(): Promise<void> {
    this.#lock = await open(lockOf(this.#file), 'a', 0o600);
    if (lockFile(this.#lock.fd)) return;
    await this.close();
    throw new Error('another process is writing it; each instance needs its own log');
  }

  async openSegment(segment: number, bytes: number): Promise<void> {
    await this.#handle?.close();
    this.#handle = await open(segmentFile(this.#file, segment), 'a', 0o600);
    this.segment = segment;
    this.bytes = bytes;
    this.#isTorn = false;
  }

  /** Resolves when the text is on the disk; if it fails, nothing of it is there. */
  async append(text: string): Promise<void> {
    const handle = this.#handle;
    if (handle === undefined) throw new Error('no segment is open');
    const content = Buffer.from(text, 'utf8');
    if (this.#isTorn) await this.#truncateTorn(handle);
    try {
      await handle.appendFile(content);
      await handle.datasync();
    } catch (error) {
      this.#isTorn = true;
      // If that fails as well, it is repeated before the next write.
      await this.#truncateTorn(handle).catch(() => undefined);
      throw error;
    }
    this.bytes += content.length;
  }

  async #truncateTorn(handle: FileHandle): Promise<void> {
    await handle.truncate(this.bytes);
    this.#isTorn = false;
  }

  /** Records the end of the log in a file of its own. */
  async writeHead(seq: number, hash: string): Promise<void> {
    const name = headFile(this.#file);
    const handle = await open(`${name}.new`, 'w', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(sealed({ segment: this.segment, seq, hash }, this.#key))}\n`);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(`${name}.new`, name);
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    await this.#lock?.close();
    this.#lock = undefined;
  }
}
