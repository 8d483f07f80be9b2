import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { headOf, segmentsOf } from './audit-files.ts';
import { initialHash, hashOf, isSealedBy, readEntry, segmentFile, type Head, type ChainedEntry } from './chain.ts';

/** What is wrong, and where. */
export interface AuditFault {
  readonly file: string;
  /** Zero: the file as a whole. */
  readonly line: number;
  readonly problem: string;
}

export interface AuditReport {
  readonly faults: readonly AuditFault[];
  readonly entries: number;
  readonly segments: number;
  /** Statements that were not recorded because the disk was full, according to the log itself. */
  readonly dropped: number;
  /** Lines torn by the end of a process; not a fault. */
  readonly torn: number;
}

export interface VerifyOptions {
  /** The key with which the head was sealed. */
  readonly key?: string | undefined;
  /** The first segment to expect; earlier ones have been moved elsewhere. 1 by default. */
  readonly from?: number | undefined;
}

/**
 * Reads a whole log and reports whether an entry was changed, removed or moved, or the end cut off. @param file without a segment's number
 */
export async function verifyAudit(file: string, { key, from = 1 }: VerifyOptions = {}): Promise<AuditReport> {
  const found = await filesOf(file);
  if (typeof found === 'string') return { faults: [{ file, line: 0, problem: found }], ...nothing };
  const verifying = new LogVerifier(file, from, found.head);
  const segments = found.segments.filter((segment) => segment >= from);
  for (const segment of segments) await verifying.segment(segment);
  if (segments.length === 0) verifying.fault('there is no log');
  else verifying.end(key);
  return verifying.result(segments.length);
}

const nothing = { entries: 0, segments: 0, dropped: 0, torn: 0 };

/** The head is read first, so that whatever is written meanwhile lies behind it. */
async function filesOf(file: string): Promise<{ head: Head | undefined; segments: readonly number[] } | string> {
  try {
    const head = await headOf(file);
    return { head, segments: await segmentsOf(file) };
  } catch (error) {
    return `it cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`;
  }
}

const entriesOf = (from: number, to: number): string => (from === to ? `entry ${from}` : `entries ${from} to ${to}`);

/** Far longer than any entry. */
const lineBytesMax = 4 << 20;
const lineEnd = Buffer.from('\n');

class LogVerifier {
  readonly #file: string;
  readonly #faults: AuditFault[] = [];
  readonly #head: Head | undefined;
  /** The hash of the entry that the head names. The log may be some entries ahead, if the process ended between the two writes. */
  #atHead: string | undefined;
  #expected: number;
  readonly #from: number;
  #at = { file: '', line: 0 };
  #seq = 0;
  #hash: string | undefined;
  #entries = 0;
  #dropped = 0;
  #torn = 0;
  /** Bytes since the last entry that are not an entry: the next entry must declare them as torn. */
  #notEntry: { readonly hash: Hash; bytes: number } | undefined;
  #rest: Buffer = Buffer.alloc(0);

  constructor(file: string, from: number, head: Head | undefined) {
    this.#file = file;
    this.#head = head;
    this.#expected = from;
    this.#from = from;
    // What precedes the first segment at hand is unknown.
    this.#hash = from === 1 ? initialHash : undefined;
  }

  async segment(segment: number): Promise<void> {
    const file = segmentFile(this.#file, segment);
    this.#at = { file, line: 0 };
    if (segment === this.#expected + 1) this.fault(`segment ${this.#expected} is missing`);
    else if (segment > this.#expected) this.fault(`segments ${this.#expected} to ${segment - 1} are missing`);
    this.#expected = segment + 1;
    if (this.#rest.length > 0) this.fault('the segment before ends in the middle of a line');
    this.#rest = Buffer.alloc(0);
    try {
      for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
        this.#read(chunk);
        if (this.#rest.length > lineBytesMax) return this.#giveUp('the line is longer than any entry');
      }
    } catch (error) {
      this.#giveUp(`it cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`);
    }
  }

  /** Skips the rest of a segment. */
  #giveUp(what: string): void {
    this.#at = { ...this.#at, line: this.#at.line + 1 };
    this.fault(what);
    this.#rest = Buffer.alloc(0);
  }

  fault(problem: string): void {
    // The first faults tell what is wrong; nothing fits after them.
    if (this.#faults.length < 20) this.#faults.push({ ...this.#at, file: this.#at.file || this.#file, problem });
  }

  end(key: string | undefined): void {
    const head = this.#head;
    // If entries that the head names were in it, they are missing.
    if (this.#notEntry !== undefined || this.#rest.length > 0) this.#torn++;
    this.#at = { file: `${this.#file}.head`, line: 0 };
    if (head === undefined) return this.fault('the head is missing: whether the end was cut off cannot be told');
    if (key !== undefined && !isSealedBy(head, key)) this.fault('the head was not sealed with this key');
    if (head.seq > this.#seq) this.fault(`cut off at the end: ${entriesOf(this.#seq + 1, head.seq)}`);
    else if (this.#atHead !== head.hash && this.#faults.length === 0)
      this.fault(`entry ${head.seq} is not the one that was written`);
  }

  result(segments: number): AuditReport {
    return {
      faults: this.#faults,
      entries: this.#entries,
      segments,
      dropped: this.#dropped,
      torn: this.#torn,
    };
  }

  #read(chunk: Buffer): void {
    const content = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (let end = content.indexOf(0x0a); end >= 0; end = content.indexOf(0x0a, start)) {
      this.#line(content.subarray(start, end));
      start = end + 1;
    }
    this.#rest = Buffer.from(content.subarray(start));
  }

  #line(line: Buffer): void {
    this.#at = { ...this.#at, line: this.#at.line + 1 };
    const link = readEntry(line);
    if (link === undefined) {
      this.#addNotEntry(line);
      return;
    }
    this.#checkNotEntry(link);
    this.#checkSequence(link);
    this.#seq = link.seq;
    this.#hash = hashOf(line);
    this.#entries++;
    if (link.seq === this.#head?.seq) this.#atHead = this.#hash;
    if (link.kind === 'dropped') this.#dropped += link.count ?? 0;
  }

  #addNotEntry(line: Buffer): void {
    const broken = (this.#notEntry ??= { hash: createHash('sha256'), bytes: -lineEnd.length });
    broken.bytes += lineEnd.length + line.length;
    if (broken.bytes > line.length) broken.hash.update(lineEnd);
    broken.hash.update(line);
  }

  /** The next entry declares the bytes of a torn line, so a damaged entry cannot be passed off as torn. */
  #checkNotEntry({ kind, bytes, hash }: ChainedEntry): void {
    const broken = this.#notEntry;
    this.#notEntry = undefined;
    const isThat = bytes === broken?.bytes && hash === broken?.hash.digest('hex');
    if (kind === 'torn' && isThat) this.#torn++;
    else if (kind === 'torn') this.fault('the torn line before it is not the one that was found');
    else if (broken !== undefined) this.fault('the line before is no entry, and was not torn by a crash');
  }

  /** For the first segment at hand: its predecessor is unknown, but it must begin as a segment does. */
  #checkFirst({ seq, kind, segment }: ChainedEntry): void {
    // A crash may have torn the line with which it began.
    const isFirst = kind === 'segment' || (kind === 'torn' && this.#torn === 1);
    if (!isFirst || segment !== this.#from) this.fault(`entries before ${seq} are missing`);
  }

  #checkSequence(link: ChainedEntry & { readonly from?: number; readonly to?: number }): void {
    if (link.kind === 'missing')
      this.fault(`cut off before the proxy was started again: ${entriesOf(link.from ?? 0, link.to ?? 0)}`);
    if (this.#hash === undefined) return this.#checkFirst(link);
    if (link.kind !== 'missing' && link.seq !== this.#seq + 1)
      this.fault(
        `entry ${link.seq} follows ${this.#seq}: ${link.seq > this.#seq ? 'entries are missing' : 'entries were moved'}`,
      );
    else if (link.prev !== this.#hash) this.fault(`the entry before ${link.seq} is not the one that was written`);
  }
}
