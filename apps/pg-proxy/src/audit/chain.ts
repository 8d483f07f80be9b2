import { createHmac, hash, timingSafeEqual } from 'node:crypto';

/** What the first entry of all follows. */
export const beginning = '0'.repeat(64);

/** Of one line, without its end. Every entry has that of the one before it, so none can be changed, left out or moved. */
export function hashOf(line: string | Buffer): string {
  return hash('sha256', line, 'hex');
}

/** Where a log ends, beside the log: what is cut off at the end is missed by it. */
export interface Head {
  readonly segment: number;
  readonly seq: number;
  readonly hash: string;
  /** Of the rest, with the key of the log where it has one: whoever does not know it cannot move the end. */
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

/** Undefined: it is no head. */
export function readHead(text: string): Head | undefined {
  try {
    const { segment, seq, hash: last, seal } = JSON.parse(text) as Partial<Head>;
    if (typeof segment !== 'number' || typeof seq !== 'number' || typeof last !== 'string') return undefined;
    return { segment, seq, hash: last, ...(typeof seal === 'string' && { seal }) };
  } catch {
    return undefined;
  }
}

/** What every entry begins with, and what those about the log itself say. */
export interface Link {
  readonly seq: number;
  readonly prev: string;
  readonly kind: string;
  readonly segment?: number;
  /** Of a torn line: its bytes and their hash. */
  readonly bytes?: number;
  readonly hash?: string;
  /** Statements that could not be written down. */
  readonly count?: number;
}

export function readLink(line: Buffer): Link | undefined {
  try {
    const link = JSON.parse(line.toString('utf8')) as Partial<Link>;
    const isLink = typeof link.seq === 'number' && typeof link.prev === 'string' && typeof link.kind === 'string';
    return isLink ? (link as Link) : undefined;
  } catch {
    return undefined;
  }
}

/** The file of a segment: the log's name and a number. */
export const segmentFile = (file: string, segment: number): string => `${file}.${String(segment).padStart(6, '0')}`;
export const headFile = (file: string): string => `${file}.head`;
/** Whoever writes the log has locked it. */
export const lockOf = (file: string): string => `${file}.lock`;
