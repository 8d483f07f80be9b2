import { CodedError } from '@medrex/coded-error';
import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../folders/make-folder.ts';
import { BlockSegment } from './block-segment.ts';
import { embeddedLedgerErrors } from './errors.ts';

/** How many blocks are kept. A file is deleted when either limit is met without it; the newest file always stays. */
export interface Retention {
  readonly blocks: number;
  readonly bytes: number;
}

const fileName = /^(\d{15})\.blocks$/;

/**
 * The block store: files of consecutive records, named after their first block. Blocks are appended and synced before
 * anything else is done with them, and old files are deleted as a whole. Only the last file is written, and a new one
 * begins only when everything in it is durable, so only its end can be torn.
 */
export class BlockFiles {
  readonly #directory: string;
  readonly #segmentBytes: number;
  readonly #segments: BlockSegment[];
  #height: number;

  private constructor(directory: string, segmentBytes: number, segments: BlockSegment[]) {
    this.#directory = directory;
    this.#segmentBytes = segmentBytes;
    this.#segments = segments;
    this.#height = 0;
  }

  /**
   * Opens the files and truncates a torn end after a crash. Blocks below `durable` (the state's savepoint) were synced
   * and must be intact. Later blocks from the first damaged one on are removed, since they were not delivered yet.
   */
  static async open(
    directory: string,
    { segmentBytes, durable }: { readonly segmentBytes: number; readonly durable: number },
  ): Promise<BlockFiles> {
    makeFolder(directory);
    const names = (await readdir(directory)).filter((name) => fileName.test(name)).sort();
    const segments: BlockSegment[] = [];
    for (const name of names) {
      const path = join(directory, name);
      segments.push(new BlockSegment(path, Number(fileName.exec(name)?.[1]), (await stat(path)).size));
    }
    const files = new BlockFiles(directory, segmentBytes, segments);
    await files.#recover(durable);
    return files;
  }

  /** Number of blocks including deleted ones, i.e. the number of the next one. */
  get height(): number {
    return this.#height;
  }

  /** The oldest kept block; the height if there is none. */
  get first(): number {
    return this.#segments[0]?.first ?? this.#height;
  }

  /** Appends the next blocks and makes them durable. */
  async append(records: readonly Buffer[]): Promise<void> {
    let last = this.#segments.at(-1);
    if (last === undefined || last.size >= this.#segmentBytes) last = await this.#begin();
    await last.append(records);
    this.#height += records.length;
  }

  /** The record of a block; undefined if it is not kept or not yet written. */
  async read(number: number): Promise<Buffer | undefined> {
    const segment = this.#segments.findLast(({ first }) => first <= number);
    if (segment === undefined || number >= this.#height) return undefined;
    try {
      const record = await segment.record(number - segment.first);
      if (record !== undefined) return record;
    } catch (error) {
      if (this.#segments.includes(segment)) throw error; // otherwise it was deleted while it was read
    }
    if (!this.#segments.includes(segment)) return undefined;
    throw new CodedError(embeddedLedgerErrors.corrupt, `${segment.path}: block ${number} is damaged`);
  }

  /** The first block to keep by the retention limits, at most `below`. */
  keepFrom({ blocks, bytes }: Retention, below: number): number {
    let newerBytes = 0;
    for (const segment of this.#segments.slice(1).reverse()) {
      newerBytes += segment.size;
      const isEnough = this.#height - segment.first >= blocks || newerBytes >= bytes;
      if (isEnough && segment.first <= below) return segment.first;
    }
    return this.first;
  }

  /** Deletes the files whose blocks are all below a number. */
  async prune(keepFrom: number): Promise<void> {
    const kept = this.#segments.findLastIndex(({ first }) => first <= keepFrom);
    for (const segment of this.#segments.splice(0, Math.max(0, kept))) {
      await segment.close();
      await rm(segment.path);
    }
  }

  async close(): Promise<void> {
    for (const segment of this.#segments) await segment.close();
  }

  async #begin(): Promise<BlockSegment> {
    const path = join(this.#directory, `${String(this.#height).padStart(15, '0')}.blocks`);
    await (await open(path, 'w')).close();
    await syncDirectory(this.#directory);
    const segment = new BlockSegment(path, this.#height, 0);
    this.#segments.push(segment);
    return segment;
  }

  async #recover(durable: number): Promise<void> {
    const last = this.#segments.at(-1);
    if (last === undefined) return;
    let whole = Math.min(await last.count(), Math.max(0, durable - last.first));
    while ((await last.record(whole)) !== undefined) whole += 1;
    this.#height = last.first + whole;
    // Damage below the savepoint is left as it is, for inspection.
    if (this.#height >= durable) await last.truncate(whole);
  }
}

/** A new file name is durable only after its directory was synced. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
