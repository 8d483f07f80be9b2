import { dirname } from 'node:path';
import { makeFolder } from '../make-folder.ts';
import { AuditFiles, findLog, type Found } from './audit-files.ts';
import { beginning, hashOf, isSealedBy } from './chain.ts';

export interface AuditLogOptions {
  readonly file: string;
  readonly key: string | undefined;
  readonly segmentBytes: number;
  readonly flushMs: number;
  /** Entries that wait for the disk, in characters. */
  readonly bufferMax: number;
  readonly whenFull: 'refuse' | 'drop';
  readonly events: AuditEvents;
}

export interface AuditEvents {
  /** Entries cannot be written, or again can. */
  failing(error: unknown): void;
  recovered(dropped: number): void;
  /** The log does not end where it did: somebody has cut it, or its head. */
  tampered(what: string): void;
}

const retryMs = 1_000;

/** What goes to the disk together: step by step, each of which is tried until it is done. */
type Batch = (() => Promise<void>)[];

/** Writes entries that follow each other by their hashes; many with one write, and on the disk before the next. */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #files: AuditFiles;
  #seq = 0;
  #hash = beginning;
  /** Lines that no batch has yet. */
  #waiting: string[] = [];
  /** Of all that is not on the disk, in characters. */
  #waitingLength = 0;
  /** On its way to the disk. */
  #batch: Batch = [];
  /** Entries of the batch that are not there yet. */
  #inBatch = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #isFailing = false;
  #isClosed = false;
  /** Since the last time that it was said in the log. */
  #unsaid = 0;
  dropped = 0;
  written = 0;

  private constructor(options: AuditLogOptions) {
    this.#options = options;
    this.#files = new AuditFiles(options.file, options.key);
  }

  /** Goes on where the log ends, and says in it what is wrong with that. @throws Error where it cannot be written */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const log = new AuditLog(options);
    await makeFolder(dirname(options.file));
    await log.#files.lock();
    const found = await findLog(options.file);
    if (found === undefined) await log.#begin(1);
    else await log.#goOn(found);
    await log.#files.writeHead(log.#seq, log.#hash);
    return log;
  }

  /** Statements must not run, because they could not be written down. */
  get isRefusing(): boolean {
    const { whenFull, bufferMax } = this.#options;
    // The other half is for what runs already: a disk that is only slow must not lose any of it either.
    return whenFull === 'refuse' && (this.#isFailing || this.#waitingLength > bufferMax / 2);
  }

  get isFailing(): boolean {
    return this.#isFailing;
  }

  get waiting(): number {
    return this.#waiting.length + this.#inBatch;
  }

  /** @param body of the entry, JSON members without braces; it has `kind` */
  add(body: string): void {
    if (this.#waitingLength + body.length > this.#options.bufferMax) {
      this.dropped++;
      this.#unsaid++;
      return;
    }
    this.#push(body);
    this.#timer ??= setTimeout(() => void this.flush(), this.#options.flushMs).unref();
  }

  /** Everything is on the disk, or cannot be. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Several may have waited for the same write: they go on one after the other.
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
      // What has failed before has its place before all that came since.
      await this.#put(this.#batch);
      await this.#put((this.#batch = this.#take()));
    } catch (error) {
      this.#failed(error);
      return;
    }
    if (this.#isFailing) this.#options.events.recovered(this.#unsaid);
    this.#isFailing = false;
    if (this.#unsaid === 0) return;
    this.#push(`"kind":"dropped","at":"${new Date().toISOString()}","count":${this.#unsaid}`);
    this.#unsaid = 0;
    this.#timer ??= setTimeout(() => void this.flush(), this.#options.flushMs).unref();
  }

  #failed(error: unknown): void {
    if (!this.#isFailing) this.#options.events.failing(error);
    this.#isFailing = true;
    if (!this.#isClosed) this.#timer ??= setTimeout(() => void this.flush(), retryMs).unref();
  }

  /** All that waits. Where it fills the segment it seals that, and the next one begins: both lines have their places before what comes meanwhile. */
  #take(): Batch {
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

  async #put(batch: Batch): Promise<void> {
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

  async #goOn({ segment, bytes, seq, hash, torn, head }: Found): Promise<void> {
    const { key, events } = this.#options;
    this.#seq = seq;
    this.#hash = hash;
    await this.#files.openSegment(segment, bytes);
    // It was opened, and the process ended before its first line.
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
