import { dirname } from 'node:path';
import { makeFolder } from '../make-folder.ts';
import { AuditFiles, findLog, type ExistingLog } from './audit-files.ts';
import { initialHash, hashOf, isSealedBy } from './chain.ts';

export interface AuditLogOptions {
  readonly file: string;
  readonly key: string | undefined;
  readonly segmentBytes: number;
  readonly flushMs: number;
  /** The maximum length of entries that wait for the disk, in characters. */
  readonly bufferMax: number;
  readonly whenFull: 'refuse' | 'drop';
  readonly events: AuditEvents;
}

export interface AuditEvents {
  /** Entries cannot be written, or (undefined) can be written again. */
  failing(error: unknown): void;
  recovered(dropped: number): void;
  /** The log does not end where it should: it, or its head, has been cut. */
  tampered(what: string): void;
}

const retryMs = 1_000;

/** What goes to the disk together, as steps; each is retried until it succeeds. */
type Batch = (() => Promise<void>)[];

/** Writes entries that are chained by hashes: many with one write, which is on the disk before the next one begins. */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #files: AuditFiles;
  #seq = 0;
  #hash = initialHash;
  /** Lines that are in no batch yet. */
  #waiting: string[] = [];
  /** Length of everything that is not on the disk, in characters. */
  #waitingLength = 0;
  /** The batch that is being written. */
  #batch: Batch = [];
  /** The number of its entries that are not on the disk yet. */
  #inBatch = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #isFailing = false;
  #isClosed = false;
  /** Entries dropped since the log last mentioned it. */
  #unreportedDrops = 0;
  dropped = 0;
  written = 0;

  private constructor(options: AuditLogOptions) {
    this.#options = options;
    this.#files = new AuditFiles(options.file, options.key);
  }

  /** Continues at the end of the log, and records in it what is wrong with that end. @throws Error it cannot be written */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const log = new AuditLog(options);
    await makeFolder(dirname(options.file));
    await log.#files.lock();
    const found = await findLog(options.file);
    if (found === undefined) await log.#begin(1);
    else await log.#continue(found);
    await log.#files.writeHead(log.#seq, log.#hash);
    return log;
  }

  /** Statements must not run, because they could not be recorded. */
  get isRefusing(): boolean {
    const { whenFull, bufferMax } = this.#options;
    // Half of the buffer is left to statements that already run: a disk that is merely slow must not lose their entries.
    return whenFull === 'refuse' && (this.#isFailing || this.#waitingLength > bufferMax / 2);
  }

  get isFailing(): boolean {
    return this.#isFailing;
  }

  get waiting(): number {
    return this.#waiting.length + this.#inBatch;
  }

  /** @param body the entry's JSON members without braces, including `kind` */
  add(body: string): void {
    if (this.#waitingLength + body.length > this.#options.bufferMax) {
      this.dropped++;
      this.#unreportedDrops++;
      return;
    }
    this.#push(body);
    this.#timer ??= setTimeout(() => void this.flush(), this.#options.flushMs).unref();
  }

  /** Resolves when everything is on the disk, or cannot be written. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Several callers may have waited for the same write; they continue one after the other.
    while (this.#writing !== undefined) await this.#writing;
    if (this.#waiting.length === 0 && !this.#isFailing) return;
    this.#writing = this.#write().finally(() => (this.#writing = undefined));
    await this.#writing;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush();
    clearTimeout(this.#timer);
    await this.#files.close();
  }

  #push(body: string): void {
    const line = `{"seq":${++this.#seq},"prev":"${this.#hash}",${body}}`;
    this.#hash = hashOf(line);
    this.#waiting.push(line);
    this.#waitingLength += line.length;
  }

  async #write(): Promise<void> {
    try {
      // A batch that failed is written before anything newer.
      await this.#runSteps(this.#batch);
      await this.#runSteps((this.#batch = this.#nextBatch()));
    } catch (error) {
      this.#failed(error);
      return;
    }
    if (this.#isFailing) this.#options.events.recovered(this.#unreportedDrops);
    this.#isFailing = false;
    if (this.#unreportedDrops === 0) return;
    this.#push(`"kind":"dropped","at":"${new Date().toISOString()}","count":${this.#unreportedDrops}`);
    this.#unreportedDrops = 0;
    this.#timer ??= setTimeout(() => void this.flush(), this.#options.flushMs).unref();
  }

  #failed(error: unknown): void {
    if (!this.#isFailing) this.#options.events.failing(error);
    this.#isFailing = true;
    if (!this.#isClosed) this.#timer ??= setTimeout(() => void this.flush(), retryMs).unref();
  }

  /**
   * Takes all waiting lines. If they fill the segment, it is sealed and the next one begins; both of these lines are placed before anything
   * that is added meanwhile.
   */
  #nextBatch(): Batch {
    const files = this.#files;
    const [entries, length] = [this.#waiting.length, this.#waitingLength];
    let text = this.#waiting.map((line) => `${line}\n`).join('');
    this.#waiting = [];
    this.#inBatch = entries;
    const isFull = files.bytes + Buffer.byteLength(text) >= this.#options.segmentBytes;
    const next = files.segment + 1;
    if (isFull) text += this.#lineOf('sealed', next);
    const first = isFull ? this.#lineOf('segment', next) : '';
    const [seq, hash] = [this.#seq, this.#hash];
    return [
      async () => {
        await files.append(text);
        this.#inBatch = 0;
        this.#waitingLength -= length;
        this.written += entries;
      },
      ...(isFull ? [() => files.openSegment(next, 0), () => files.append(first)] : []),
      () => files.writeHead(seq, hash),
    ];
  }

  async #runSteps(batch: Batch): Promise<void> {
    for (let step = batch[0]; step !== undefined; step = batch[0]) {
      await step();
      batch.shift();
    }
  }

  async #begin(segment: number): Promise<void> {
    await this.#files.openSegment(segment, 0);
    await this.#files.append(this.#lineOf('segment', segment));
  }

  #lineOf(kind: string, segment: number, more = ''): string {
    const at = new Date().toISOString();
    const line = `{"seq":${++this.#seq},"prev":"${this.#hash}","kind":"${kind}","at":"${at}","segment":${segment}${more}}`;
    this.#hash = hashOf(line);
    return `${line}\n`;
  }

  async #continue({ segment, bytes, seq, hash, torn, head }: ExistingLog): Promise<void> {
    const { key, events } = this.#options;
    this.#seq = seq;
    this.#hash = hash;
    await this.#files.openSegment(segment, bytes);
    // The segment was created, but the process ended before its first line.
    if (bytes === 0) await this.#files.append(this.#lineOf('segment', segment));
    if (torn !== undefined)
      await this.#files.append(
        `\n${this.#lineOf('torn', segment, `,"bytes":${torn.length},"hash":"${hashOf(torn)}"`)}`,
      );
    if (head === undefined) events.tampered('the head of the log is gone');
    else if (key !== undefined && !isSealedBy(head, key))
      events.tampered('the head of the log was not sealed with its key');
    if (head === undefined || head.seq <= seq) return;
    events.tampered(`the log ends at entry ${seq}, and has had ${head.seq}`);
    const more = `,"from":${seq + 1},"to":${head.seq},"hash":"${head.hash}"`;
    this.#seq = head.seq;
    await this.#files.append(this.#lineOf('missing', segment, more));
  }
}
