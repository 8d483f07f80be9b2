import { protocolViolation, type WireFault } from '../wire-fault.ts';
import { textBytes, type FrameRules } from './frame-rules.ts';

const headerBytes = 5;
const nothing = Buffer.alloc(0);
/** What is kept for a message that began and has not come whole starts this small, and doubles as bytes come. */
const gatheredBytes = 512;

/**
 * Finds the messages in a stream of chunks, by their headers alone. After `next()` says true, `type` is the message's and
 * `buffer`, `start`, `end` are where its bytes lie: in the chunk itself wherever that is possible, so that messages that
 * follow each other in one chunk can be passed on as one range. What does not come in one chunk comes in pieces
 * (`isFirst`, `isLast`) once as much lies together as the rules ask for; only that much is ever copied or held.
 *
 * Costs some 10 ns a message; nothing is allocated for a message that lies in one chunk.
 */
export class Framer {
  /** What may come; the owner changes it when the state changes. */
  rules: FrameRules;
  buffer: Buffer = nothing;
  start = 0;
  end = 0;
  type = 0;
  /** Length of the message with its header, of which this piece is a part. */
  length = 0;
  isFirst = false;
  isLast = false;
  /** Set when the stream cannot be read any further. It stays. */
  fault: WireFault | undefined;

  #chunk: Buffer = nothing;
  /** Where the chunk ends in its memory. */
  #chunkEnd = 0;
  #at = 0;
  /** What is read lies in memory that was allocated here. */
  #isOwn = false;
  /** Bytes of a message that is given out in pieces that have not come. */
  #rest = 0;
  #gathered: Buffer | undefined;
  #filled = 0;
  #needed = 0;

  constructor(rules: FrameRules) {
    this.rules = rules;
  }

  /** True when the stream stands between two messages and nothing waits to be read. */
  get isAtRest(): boolean {
    return this.#at === this.#chunkEnd && this.#rest === 0 && this.#gathered === undefined;
  }

  /** How far the messages that follow the one at hand reach in its `buffer`; 0 where it lies by itself. */
  get chunkEnd(): number {
    return this.buffer === this.#chunk ? this.#chunkEnd : 0;
  }

  /** Bytes that were fed and not given out by `next` yet. */
  get unread(): number {
    return this.#chunkEnd - this.#at + this.#filled;
  }

  /** Whether such a message has come whole and was not given out yet. Looks at every header, and is for rare occasions. */
  holds(type: number): boolean {
    const chunk = this.#chunk;
    let at = this.#at + this.#rest;
    while (this.#gathered === undefined && at + headerBytes <= this.#chunkEnd) {
      const end = at + 1 + Math.max(4, chunk.readUInt32BE(at + 1));
      if (chunk[at] === type) return end <= this.#chunkEnd;
      at = end;
    }
    return false;
  }

  /** What was fed is not needed any more, though something of it may be unread. */
  get isOwn(): boolean {
    return this.#isOwn;
  }

  /**
   * The chunk, which is the first `bytes` of it, is read in place and must not change as long as something of it is unread, or `keep`
   * has not been called.
   */
  feed(chunk: Buffer, bytes = chunk.length): void {
    const left = this.#chunkEnd - this.#at;
    this.#isOwn = left > 0;
    this.#chunk =
      left === 0 ? chunk : Buffer.concat([this.#chunk.subarray(this.#at, this.#chunkEnd), chunk.subarray(0, bytes)]);
    this.#chunkEnd = left + bytes;
    this.#at = 0;
  }

  /** The message at hand, and what is unread, get memory of their own: somebody comes back to them later. */
  keep(): void {
    const chunk = this.#chunk;
    const isHere = this.buffer === chunk;
    const from = isHere ? this.start : this.#at;
    const own = Buffer.allocUnsafe(this.#chunkEnd - from);
    chunk.copy(own, 0, from, this.#chunkEnd);
    if (isHere) {
      this.buffer = own;
      this.start = 0;
      this.end -= from;
    }
    this.#chunk = own;
    this.#at -= from;
    this.#chunkEnd -= from;
    this.#isOwn = true;
  }

  /** True: here is a message, or a piece of one. False: it takes more bytes, or there is a fault. */
  next(): boolean {
    if (this.#gathered !== undefined) return this.#gather();
    const chunk = this.#chunk;
    const at = this.#at;
    const available = this.#chunkEnd - at;
    if (this.#rest > 0) return this.#passOn(available);
    if (available < headerBytes) return available > 0 && this.fault === undefined && this.#startGathering(headerBytes);
    if (!this.#readHeader(chunk, at)) return false;
    if (available < this.#together()) return this.#startGathering(this.#together());
    this.#give(chunk, at, Math.min(available, this.length));
    this.#at = this.end;
    return true;
  }

  /** The first piece, which may be all. */
  #give(buffer: Buffer, start: number, bytes: number): void {
    this.buffer = buffer;
    this.start = start;
    this.end = start + bytes;
    this.isFirst = true;
    this.#rest = this.length - bytes;
    this.isLast = this.#rest === 0;
  }

  #passOn(available: number): boolean {
    if (available === 0) return false;
    const bytes = Math.min(available, this.#rest);
    this.buffer = this.#chunk;
    this.start = this.#at;
    this.end = this.#at + bytes;
    this.isFirst = false;
    this.#rest -= bytes;
    this.isLast = this.#rest === 0;
    this.#at = this.end;
    return true;
  }

  #readHeader(buffer: Buffer, at: number): boolean {
    if (this.fault !== undefined) return false;
    const type = buffer[at] as number;
    const length =
      ((buffer[at + 1] as number) << 24) |
      ((buffer[at + 2] as number) << 16) |
      ((buffer[at + 3] as number) << 8) |
      (buffer[at + 4] as number);
    this.type = type;
    const bodyMax = this.rules.bodyMax[type] as number;
    if (bodyMax < 0 || length < 4 || length - 4 > bodyMax) {
      this.fault = this.#faultOf(type, length, bodyMax);
      return false;
    }
    this.length = length + 1;
    return true;
  }

  #faultOf(type: number, length: number, bodyMax: number): WireFault {
    if (bodyMax < 0) return protocolViolation(`invalid ${this.rules.sender} message type ${type}`);
    if (length < 4) return { ...protocolViolation('invalid message length'), isSilent: true };
    const name = String.fromCharCode(type);
    const fault = protocolViolation(`message "${name}" of ${length - 4} bytes is longer than ${bodyMax} bytes`);
    // A server takes longer texts than are taken here.
    return bodyMax === textBytes ? fault : { ...fault, isSilent: true };
  }

  /** Bytes of the message that `readHeader` saw that must lie together. */
  #together(): number {
    return Math.min(this.length, headerBytes + (this.rules.together[this.type] as number));
  }

  #startGathering(needed: number): boolean {
    this.#gathered = Buffer.allocUnsafe(Math.min(needed, gatheredBytes));
    this.#filled = 0;
    this.#needed = needed;
    return this.#gather();
  }

  #gather(): boolean {
    if (!this.#fill()) return false;
    if (this.#needed === headerBytes && !this.#readHeader(this.#gathered as Buffer, 0)) return false;
    const together = this.#together();
    if (this.#needed < together) {
      this.#needed = together;
      if (!this.#fill()) return false;
    }
    this.#give(this.#gathered as Buffer, 0, this.#needed);
    this.#gathered = undefined;
    this.#filled = 0;
    return true;
  }

  /** Takes over what the chunk has, up to what is needed. */
  #fill(): boolean {
    const bytes = Math.min(this.#needed - this.#filled, this.#chunkEnd - this.#at);
    const filled = this.#filled + bytes;
    this.#chunk.copy(this.#room(filled), this.#filled, this.#at, this.#at + bytes);
    this.#filled = filled;
    this.#at += bytes;
    return filled === this.#needed;
  }

  #room(bytes: number): Buffer {
    let room = this.#gathered as Buffer;
    if (room.length < bytes) {
      room = Buffer.allocUnsafe(Math.min(this.#needed, Math.max(bytes, room.length * 2)));
      (this.#gathered as Buffer).copy(room, 0, 0, this.#filled);
      this.#gathered = room;
    }
    return room;
  }
}
