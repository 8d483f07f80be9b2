import type { LogRecord, NewRecord } from '@medrex/contracts';

/**
 * Records are stored in chunks, one database row each, because one row per record would cost more than small records
 * themselves. Layout of a chunk, per record: u32 key length (all ones: no key), u16 count of headers, u32 value length,
 * key, per header u16 name length, u32 value length, name and value, then the record's value. Numbers are big-endian,
 * text is UTF-8.
 */
export interface Chunk {
  readonly count: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Set for compacted topics, whose chunks hold one record. */
  readonly key?: string;
}

/** Place of a chunk, for the records decoded from it. */
export interface ChunkPlace {
  readonly topic: string;
  readonly partition: number;
  readonly baseOffset: number;
  readonly timestampMs: number;
}

const noKey = 0xffff_ffff;
const fixedBytes = 10;
const headerBytes = 6;

/**
 * Limits of one chunk, so that a reader with small limits does not read much more than it needs. A larger record has a
 * chunk of its own.
 */
const chunkBytesMax = 1024 * 1024;
const chunkRecordsMax = 1024;

/** Packs records into chunks, in order; one per chunk for a compacted topic. */
export function packChunks(records: readonly NewRecord[], isCompacted: boolean): Chunk[] {
  const chunks: Chunk[] = [];
  let from = 0;
  let bytes = 0;
  const sizes = records.map(packedSize);
  const pack = (to: number): void => {
    const key = isCompacted ? records[from]?.key : undefined;
    chunks.push({ count: to - from, bytes: packRecords(records, from, to, bytes), ...(key !== undefined && { key }) });
    from = to;
    bytes = 0;
  };
  for (const [at, size] of sizes.entries()) {
    const isFull = isCompacted || bytes + size > chunkBytesMax || at - from === chunkRecordsMax;
    if (at > from && isFull) pack(at);
    bytes += size;
  }
  if (records.length > from) pack(records.length);
  return chunks;
}

function packedSize({ key, value, headers }: NewRecord): number {
  let size = fixedBytes + value.length + (key === undefined ? 0 : Buffer.byteLength(key));
  for (const [name, content] of headers ?? []) size += headerBytes + Buffer.byteLength(name) + content.length;
  return size;
}

// Each chunk has its own memory, not part of a pool, because it is transferred to the writer thread.
function packRecords(records: readonly NewRecord[], from: number, to: number, bytes: number): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(bytes);
  const buffer = Buffer.from(packed.buffer);
  let at = 0;
  for (let index = from; index < to; index++) at = packRecord(buffer, at, records[index] as NewRecord);
  return packed;
}

function packRecord(buffer: Buffer, start: number, { key, value, headers }: NewRecord): number {
  const keyLength = key === undefined ? 0 : Buffer.byteLength(key);
  let at = buffer.writeUInt32BE(key === undefined ? noKey : keyLength, start);
  at = buffer.writeUInt16BE(headers?.size ?? 0, at);
  at = buffer.writeUInt32BE(value.length, at);
  if (key !== undefined) at += buffer.write(key, at);
  for (const [name, content] of headers ?? []) {
    at = buffer.writeUInt16BE(Buffer.byteLength(name), at);
    at = buffer.writeUInt32BE(content.length, at);
    at += buffer.write(name, at);
    buffer.set(content, at);
    at += content.length;
  }
  buffer.set(value, at);
  return at + value.length;
}

const noHeaders: ReadonlyMap<string, Uint8Array> = new Map();

/** The records of a chunk; keys are copied, values and headers are views of `bytes`. */
export function unpackChunk(bytes: Uint8Array, { topic, partition, baseOffset, timestampMs }: ChunkPlace): LogRecord[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const records: LogRecord[] = [];
  for (let at = 0; at < buffer.length;) {
    const keyLength = buffer.readUInt32BE(at);
    const headerCount = buffer.readUInt16BE(at + 4);
    const valueLength = buffer.readUInt32BE(at + 6);
    at += fixedBytes;
    const key = keyLength === noKey ? undefined : buffer.toString('utf8', at, at + keyLength);
    at += key === undefined ? 0 : keyLength;
    let headers = noHeaders;
    if (headerCount > 0) [headers, at] = unpackHeaders(buffer, at, headerCount);
    const value = buffer.subarray(at, at + valueLength);
    at += valueLength;
    records.push({ topic, partition, offset: baseOffset + records.length, key, value, headers, timestampMs });
  }
  return records;
}

function unpackHeaders(buffer: Buffer, start: number, count: number): [ReadonlyMap<string, Uint8Array>, number] {
  const headers = new Map<string, Uint8Array>();
  let at = start;
  for (let index = 0; index < count; index++) {
    const nameEnd = at + headerBytes + buffer.readUInt16BE(at);
    const valueEnd = nameEnd + buffer.readUInt32BE(at + 2);
    headers.set(buffer.toString('utf8', at + headerBytes, nameEnd), buffer.subarray(nameEnd, valueEnd));
    at = valueEnd;
  }
  return [headers, at];
}
