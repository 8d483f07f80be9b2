import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

/** Each record is preceded by its length and CRC-32. */
const headerBytes = 8;
const windowBytes = 1 << 20;

/** One file of consecutive blocks. The record ends of an older file are found when it is read. */
export class BlockSegment {
  readonly path: string;
  /** Number of its first block. */
  readonly first: number;
  #size: number;
  /** End of each record. */
  #ends: Promise<number[]> | undefined;
  #handle: Promise<FileHandle> | undefined;

  constructor(path: string, first: number, size: number) {
    this.path = path;
    this.first = first;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  /** Number of consecutive records of plausible length from the beginning, without reading their checksums. */
  async count(): Promise<number> {
    return (await this.#index()).length;
  }

  /** The n-th record; undefined if it does not exist or is damaged. */
  async record(at: number): Promise<Buffer | undefined> {
    const ends = await this.#index();
    const [begin, end] = [at === 0 ? 0 : ends[at - 1], ends[at]];
    if (begin === undefined || end === undefined) return undefined;
    const bytes = await this.#read(begin, end - begin);
    const record = bytes.subarray(headerBytes);
    return bytes.length === end - begin && crc32(record) === bytes.readUInt32BE(4) ? record : undefined;
  }

  /** Appends records and makes them durable. */
  async append(records: readonly Buffer[]): Promise<void> {
    const handle = await this.#open();
    const ends = await this.#index();
    await writeAll(
      handle,
      records.flatMap((record) => [headerOf(record), record]),
      this.#size,
    );
    await handle.datasync();
    for (const record of records) {
      this.#size += headerBytes + record.length;
      ends.push(this.#size);
    }
  }

  /** Removes everything after the first `count` records. */
  async truncate(count: number): Promise<void> {
    const ends = (await this.#index()).slice(0, count);
    const size = ends.at(-1) ?? 0;
    if (size === this.#size) return;
    const handle = await this.#open();
    await handle.truncate(size);
    await handle.datasync();
    this.#size = size;
    this.#ends = Promise.resolve(ends);
  }

  async close(): Promise<void> {
    await (await this.#handle)?.close();
    this.#handle = undefined;
  }

  #index(): Promise<number[]> {
    return (this.#ends ??= this.#scan());
  }

  async #scan(): Promise<number[]> {
    const ends: number[] = [];
    let [window, windowAt] = [await this.#read(0, windowBytes), 0];
    for (let at = 0; at + headerBytes <= this.#size;) {
      if (at + headerBytes > windowAt + window.length) [window, windowAt] = [await this.#read(at, windowBytes), at];
      const length = window.readUInt32BE(at - windowAt);
      // A file that was enlarged without being written ends with zeros; no block is empty.
      if (length === 0 || at + headerBytes + length > this.#size) break;
      at += headerBytes + length;
      ends.push(at);
    }
    return ends;
  }

  async #read(at: number, length: number): Promise<Buffer> {
    const wanted = Math.min(length, this.#size - at);
    if (wanted <= 0) return Buffer.alloc(0);
    const handle = await this.#open();
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, at);
    return buffer.subarray(0, bytesRead);
  }

  #open(): Promise<FileHandle> {
    return (this.#handle ??= open(this.path, 'r+'));
  }
}

function headerOf(record: Buffer): Buffer {
  const header = Buffer.allocUnsafe(headerBytes);
  header.writeUInt32BE(record.length, 0);
  header.writeUInt32BE(crc32(record), 4);
  return header;
}

/** Usually one call; the system may write less than it was given. */
async function writeAll(handle: FileHandle, parts: readonly Buffer[], from: number): Promise<void> {
  const { bytesWritten } = await handle.writev([...parts], from);
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  if (bytesWritten === total) return;
  const all = Buffer.concat(parts);
  for (let done = bytesWritten; done < total;) {
    done += (await handle.write(all, done, total - done, from + done)).bytesWritten;
  }
}
