import { Buffer } from 'node:buffer';
import { writeSync } from 'node:fs';
import { Socket, type SocketConstructorOpts } from 'node:net';
import { Duplex } from 'node:stream';
import { getSystemErrorName } from 'node:util';
import { sentBytesMax, type RingSockets, type Served } from './ring-sockets.ts';

/** Takes a chunk, which is the first `bytes` of `memory`. True: nothing refers to it any more, and its memory may be used for the next one. */
export type TakeChunk = (memory: Buffer, bytes: number) => boolean;

/** What of a socket is Node's own and not in its documentation. */
interface Handle {
  readonly fd?: number;
}

export interface RingSocketOptions {
  /** Of a connection that nobody reads. */
  readonly handle: object;
  /** Who is given what comes; undefined: whoever listens to `data`. */
  readonly taker?: TakeChunk | undefined;
  /** How it is read where the ring does not. */
  readonly onread: NonNullable<SocketConstructorOpts['onread']>;
}

/** ENOBUFS, EAGAIN, EINTR, ECANCELED: nothing has come, and may still. */
const nothingYet = new Set([-105, -11, -4, -125]);

/**
 * A connection whose bytes a ring reads and writes, as long as all goes well. Its end, its errors and what its peer does not take at once are
 * those of the socket of Node that it is: it reads and writes itself from then on, behind what the ring has done.
 */
export class RingSocket extends Socket implements Served {
  outgoingAt = 0;
  outgoing = 0;
  isSending = false;
  readsMuch = false;
  readonly who: number;
  taker: TakeChunk | undefined;
  readonly #sockets: RingSockets;
  readonly #descriptor: number;
  /** The ring reads it, and not the event loop. */
  #isByRing = true;
  #isWanted = false;
  /** The ring has been asked for what comes next. */
  #isAsked = false;
  #hasLeft = false;
  /** What came when nobody wanted it. */
  #held: { memory: Buffer; bytes: number } | undefined;

  constructor(sockets: RingSockets, { handle, taker, onread }: RingSocketOptions) {
    super({ onread, ...({ handle, manualStart: true } as object) });
    this.#sockets = sockets;
    this.taker = taker;
    this.#descriptor = (handle as Handle).fd ?? -1;
    this.who = sockets.serve(this);
  }

  get descriptor(): number | undefined {
    return this.destroyed ? undefined : this.#descriptor;
  }

  /** The place up to which it has gone out, or will with the next turn of the ring; what is behind that is to be written. */
  put(bytes: Buffer, from: number, to: number): number {
    if (this.writableLength > 0 || this.writableCorked > 0 || this.descriptor === undefined) return from;
    if (to - from <= sentBytesMax && this.#isByRing && this.#sockets.put(this, bytes, from, to)) return to;
    return this.#putOut() ? this.#writeNow(bytes, from, to) : from;
  }

  override pause(): this {
    this.#isWanted = false;
    return this.#isByRing ? this : super.pause();
  }

  override resume(): this {
    this.#isWanted = true;
    // As every socket, it tells nothing before whoever wants it has done what he is at.
    if (this.#held === undefined && this.readableLength === 0) this.#goOn();
    else process.nextTick(() => this.#tellHeld());
    return this;
  }

  #tellHeld(): void {
    // What `unshift` has put back; who listens to `data` is told by `read` itself.
    const putBack = this.#isWanted && this.readableLength > 0 ? (this.read() as Buffer) : undefined;
    if (putBack !== undefined && this.taker !== undefined) this.tell(putBack, putBack.length);
    const held = this.#held;
    if (held !== undefined && this.#isWanted) {
      this.#held = undefined;
      this.tell(held.memory, held.bytes);
    }
    this.#goOn();
  }

  /** What was put back, and nothing that is still to come. */
  override read(bytes?: number): unknown {
    return this.#isByRing ? (Duplex.prototype.read.call(this, bytes) as unknown) : super.read(bytes);
  }

  override _read(bytes: number): void {
    if (!this.#isByRing) super._read(bytes);
  }

  #goOn(): void {
    if (this.#held !== undefined) return;
    if (this.#isByRing) this.#ask();
    else if (this.#isWanted) super.resume();
  }

  #ask(): void {
    if (this.#isAsked || !this.#isWanted || !this.#isByRing || this.destroyed) return;
    this.#isAsked = true;
    this.#sockets.receive(this);
  }

  received(result: number, memory: Buffer | undefined): boolean {
    this.#isAsked = false;
    if (this.destroyed) {
      this.#leave();
      return true;
    }
    if (result > 0 && memory !== undefined) return this.#took(memory, result);
    if (nothingYet.has(result)) this.#ask();
    else if (result < 0) this.destroy(readError(result));
    else this.#readItself();
    return true;
  }

  #took(memory: Buffer, bytes: number): boolean {
    this.readsMuch = bytes === memory.length;
    if (!this.#isWanted) {
      this.#held = { memory, bytes };
      return false;
    }
    const isFree = this.tell(memory, bytes);
    this.#ask();
    return isFree;
  }

  /** Of what has come. True: nothing refers to the memory any more. */
  tell(memory: Buffer, bytes: number): boolean {
    try {
      if (this.taker !== undefined) return this.taker(memory, bytes);
      this.emit('data', Buffer.from(memory.subarray(0, bytes)));
      return true;
    } catch (error) {
      this.destroy(error as Error);
      return false;
    }
  }

  /** The peer says no more. */
  #readItself(): void {
    this.#isByRing = false;
    this.#goOn();
  }

  sent(result: number): void {
    const sent = Math.max(result, 0);
    this.outgoing -= sent;
    this.outgoingAt += sent;
    // Its peer takes nothing now, or is gone: the stream tells which, and waits.
    if (this.outgoing > 0 && !this.destroyed) this.write(this.#takeBack());
    this.outgoing = 0;
  }

  /** What the ring was to send. */
  #takeBack(): Buffer {
    const unsent = Buffer.from(this.#sockets.outgoing.subarray(this.outgoingAt, this.outgoingAt + this.outgoing));
    this.outgoing = 0;
    return unsent;
  }

  /** Sends what the ring was to send. False: not all of it has gone out. */
  #putOut(): boolean {
    if (this.outgoing === 0) return true;
    const { outgoing } = this.#sockets;
    const end = this.outgoingAt + this.outgoing;
    this.outgoingAt = this.#writeNow(outgoing, this.outgoingAt, end);
    this.outgoing = end - this.outgoingAt;
    return this.outgoing === 0;
  }

  /** The place up to which it has gone out. */
  #writeNow(bytes: Buffer, from: number, to: number): number {
    try {
      return from + writeSync(this.#descriptor, bytes, from, to - from);
    } catch {
      return from;
    }
  }

  override _write(chunk: unknown, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#behind(done, () => super._write(chunk, encoding, done));
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], done: (error?: Error | null) => void): void {
    this.#behind(done, () => super._writev?.(chunks, done));
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#behind(done, () => {
      if (this.descriptor !== undefined) this.#sockets.shutDown(this.descriptor);
      done();
    });
  }

  /** At once where all that it was told has gone out: the end of a stream takes several turns, and the system is told twice. */
  override destroySoon(): void {
    if (this.writableLength === 0 && this.#putOut()) this.destroy();
    else super.destroySoon();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#putOut();
    this.outgoing = 0;
    this.#held = undefined;
    if (this.#isAsked) this.#sockets.cancel(this.who);
    else this.#leave();
    super._destroy(error, done);
  }

  /** What the ring was to send comes first. */
  #behind(failed: (error: Error) => void, next: () => void): void {
    if (this.#putOut()) return next();
    super._write(this.#takeBack(), 'buffer' as BufferEncoding, (error) => (error ? failed(error) : next()));
  }

  #leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#sockets.vacate(this.who);
  }

  deserted(): void {
    this.#hasLeft = true;
    this.#isAsked = false;
    if (this.destroyed) return;
    if (!this.#putOut()) this.write(this.#takeBack());
    if (this.#isByRing) this.#readItself();
  }
}

/** As the event loop says it. */
function readError(result: number): Error {
  const code = getSystemErrorName(result);
  return Object.assign(new Error(`read ${code}`), { code, errno: result, syscall: 'read' });
}
