import { createHmac, hash, timingSafeEqual } from 'node:crypto';

/** The predecessor's hash in the very first entry. */
export const initialHash = '0'.repeat(64);

/** The hash of a line without its line break. Every entry contains the hash of the one before, so none can be changed, removed or moved. */
export function hashOf(line: string | Buffer): string {
  return hash('sha256', line, 'hex');
}

/** The end of a log, kept in a file of its own: it shows when entries at the end have been cut off. */
export interface Head {
  readonly segment: number;
  readonly seq: number;
  readonly hash: string;
  /** An HMAC of the other members, if the log has a key: without the key nobody can move the end. */
  readonly seal?: string | undefined;
}

export function sealed({ segment, seq, hash: last }: Omit<Head, 'seal'>, key: string | undefined): Head {
  const head = { segment, seq, hash: last };
  return key === undefined ? head : { ...head, seal: sealOf(head, key) };
}

const sealOf = ({ segment, seq, hash: last }: Head, key: string): string =>
  createHmac('sha256', key).update(`medrex audit ${segment} ${seq} ${last}`).digest('hex');

export function isSealedBy(head: Head, key: string): boolean {
  const seal = Buffer.from(head.seal ?? '', 'hex');
  const expected = Buffer.from(sealOf(head, key), 'hex');
  return seal.length === expected.length && timingSafeEqual(seal, expected);
}

/** Undefined: it is not a head. */
export function readHead(text: string): Head | undefined {
  try {
    const { segment, seq, hash: last, seal } = JSON.parse(text) as Partial<Head>;
    if (typeof segment !== 'number' || typeof seq !== 'number' || typeof last !== 'string') return undefined;
    return { segment, seq, hash: last, ...(typeof seal === 'string' && { seal }) };
  } catch {
    return undefined;
  }
}

/** The members that every entry begins with, and those of entries about the log itself. */
export interface ChainedEntry {
  readonly seq: number;
  readonly prev: string;
  readonly kind: string;
  readonly segment?: number;
  /** For a torn line: its length and hash. */
  readonly bytes?: number;
  readonly hash?: string;
  /** The number of statements that could not be recorded. */
  readonly count?: number;
}

export function readEntry(line: Buffer): ChainedEntry | undefined {
  try {
    const link = JSON.parse(line.toString('utf8')) as Partial<ChainedEntry>;
    const isLink = typeof link.seq === 'number' && typeof link.prev === 'string' && typeof link.kind === 'string';
    return isLink ? (link as ChainedEntry) : undefined;
  } catch {
    return undefined;
  }
}

/** The file of a segment: the log's name and a number. */
export const segmentFile = (file: string, segment: number): string => `${file}.${String(segment).padStart(6, '0')}`;
export const headFile = (file: string): string => `${file}.head`;
/** The lock file held by the process that writes the log. */
export const lockOf = (file: string): string => `${file}.lock`;
