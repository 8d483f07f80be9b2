import { Buffer } from 'node:buffer';
import { writeSync } from 'node:fs';
import { Socket, type SocketConstructorOpts } from 'node:net';
import { Duplex } from 'node:stream';
import { getSystemErrorName } from 'node:util';
import { sentBytesMax, type RingSockets, type ServedSocket } from './ring-sockets.ts';

/** Takes a chunk: the first `bytes` bytes of `memory`. Returns true when nothing refers to `memory` any more, so that it may be reused. */
export type TakeChunk = (memory: Buffer, bytes: number) => boolean;

/** Undocumented part of Node's socket handles. */
interface Handle {
  readonly fd?: number;
}

export interface RingSocketOptions {
  /** Node's handle of a connection that is not being read. */
  readonly handle: object;
  /** Takes the received chunks; undefined: they are emitted as `data`. */
  readonly taker?: TakeChunk | undefined;
  /** How Node reads the connection once the ring does not. */
  readonly onread: NonNullable<SocketConstructorOpts['onread']>;
}

/** ENOBUFS, EAGAIN, EINTR, ECANCELED: nothing was received, try again. */
const transientResults = new Set([-105, -11, -4, -125]);

/**
 * A connection that is read and written by an io_uring. Bytes that the peer does not take at once, its end and its errors are left to the
 * Node socket that it extends: from then on Node reads or writes, after what the ring has already done.
 */
export class RingSocket extends Socket implements ServedSocket {
  outgoingAt = 0;
  outgoing = 0;
  isSending = false;
  readsMuch = false;
  readonly id: number;
  taker: TakeChunk | undefined;
  readonly #sockets: RingSockets;
  readonly #descriptor: number;
  /** The ring reads it; otherwise the event loop does. */
  #usesRing = true;
  /** Not paused. */
  #isFlowing = false;
  /** A receive is requested or in flight. */
  #isReceiving = false;
  #isReleased = false;
  /** A chunk received while paused. */
  #held: { memory: Buffer; bytes: number } | undefined;

  constructor(sockets: RingSockets, { handle, taker, onread }: RingSocketOptions) {
    super({ onread, ...({ handle, manualStart: true } as object) });
    this.#sockets = sockets;
    this.taker = taker;
    this.#descriptor = (handle as Handle).fd ?? -1;
    this.id = sockets.register(this);
  }

  get descriptor(): number | undefined {
    return this.destroyed ? undefined : this.#descriptor;
  }

  /** Sends `bytes[from, to)` if possible. Returns the end of what was sent or will be in the next turn; the caller must `write` the rest. */
  put(bytes: Buffer, from: number, to: number): number {
    if (this.writableLength > 0 || this.writableCorked > 0 || this.descriptor === undefined) return from;
    if (to - from <= sentBytesMax && this.#usesRing && this.#sockets.put(this, bytes, from, to)) return to;
    return this.#flush() ? this.#writeNow(bytes, from, to) : from;
  }

  override pause(): this {
    this.#isFlowing = false;
    return this.#usesRing ? this : super.pause();
  }

  override resume(): this {
    this.#isFlowing = true;
    // As with every Node socket, no data is delivered within `resume`.
    if (this.#held === undefined && this.readableLength === 0) this.#continueReading();
    else process.nextTick(() => this.#deliverHeld());
    return this;
  }

  #deliverHeld(): void {
    // Bytes put back by `unshift`; `read` emits them as `data` itself.
    const putBack = this.#isFlowing && this.readableLength > 0 ? (this.read() as Buffer) : undefined;
    if (putBack !== undefined && this.taker !== undefined) this.deliver(putBack, putBack.length);
    const held = this.#held;
    if (held !== undefined && this.#isFlowing) {
      this.#held = undefined;
      this.deliver(held.memory, held.bytes);
    }
    this.#continueReading();
  }

  /** Only returns bytes put back by `unshift` while the ring reads. */
  override read(bytes?: number): unknown {
    return this.#usesRing ? (Duplex.prototype.read.call(this, bytes) as unknown) : super.read(bytes);
  }

  override _read(bytes: number): void {
    if (!this.#usesRing) super._read(bytes);
  }

  #continueReading(): void {
    if (this.#held !== undefined) return;
    if (this.#usesRing) this.#receiveNext();
    else if (this.#isFlowing) super.resume();
  }

  #receiveNext(): void {
    if (this.#isReceiving || !this.#isFlowing || !this.#usesRing || this.destroyed) return;
    this.#isReceiving = true;
    this.#sockets.receive(this);
  }

  received(result: number, memory: Buffer | undefined): boolean {
    this.#isReceiving = false;
    if (this.destroyed) {
      this.#release();
      return true;
    }
    if (result > 0 && memory !== undefined) return this.#receivedChunk(memory, result);
    if (transientResults.has(result)) this.#receiveNext();
    else if (result < 0) this.destroy(readError(result));
    // End of the stream: Node reads it again and emits `end`.
    else this.#readByNode();
    return true;
  }

  #receivedChunk(memory: Buffer, bytes: number): boolean {
    this.readsMuch = bytes === memory.length;
    if (!this.#isFlowing) {
      this.#held = { memory, bytes };
      return false;
    }
    const isFree = this.deliver(memory, bytes);
    this.#receiveNext();
    return isFree;
  }

  /** Hands a chunk to the taker, or emits it as `data`. Returns true when nothing refers to `memory` any more. */
  deliver(memory: Buffer, bytes: number): boolean {
    try {
      if (this.taker !== undefined) return this.taker(memory, bytes);
      this.emit('data', Buffer.from(memory.subarray(0, bytes)));
      return true;
    } catch (error) {
      this.destroy(error as Error);
      return false;
    }
  }

  #readByNode(): void {
    this.#usesRing = false;
    this.#continueReading();
  }

  sent(result: number): void {
    const sent = Math.max(result, 0);
    this.outgoing -= sent;
    this.outgoingAt += sent;
    // The peer takes nothing now, or is gone: Node's stream waits, or reports the error.
    if (this.outgoing > 0 && !this.destroyed) this.write(this.#takeUnsent());
    this.outgoing = 0;
  }

  /** Takes back the bytes that were queued for the ring. */
  #takeUnsent(): Buffer {
    const unsent = Buffer.from(this.#sockets.outgoing.subarray(this.outgoingAt, this.outgoingAt + this.outgoing));
    this.outgoing = 0;
    return unsent;
  }

  /** Writes the bytes queued for the ring now. False: some could not be sent. */
  #flush(): boolean {
    if (this.outgoing === 0) return true;
    const { outgoing } = this.#sockets;
    const end = this.outgoingAt + this.outgoing;
    this.outgoingAt = this.#writeNow(outgoing, this.outgoingAt, end);
    this.outgoing = end - this.outgoingAt;
    return this.outgoing === 0;
  }

  /** Returns the end of what was sent. */
  #writeNow(bytes: Buffer, from: number, to: number): number {
    try {
      return from + writeSync(this.#descriptor, bytes, from, to - from);
    } catch {
      return from;
    }
  }

  override _write(chunk: unknown, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#afterFlush(done, () => super._write(chunk, encoding, done));
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], done: (error?: Error | null) => void): void {
    this.#afterFlush(done, () => super._writev?.(chunks, done));
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#afterFlush(done, () => {
      if (this.descriptor !== undefined) this.#sockets.shutDown(this.descriptor);
      done();
    });
  }

  /** Destroys it at once if nothing is left to send: ending a stream takes several ticks and one more system call. */
  override destroySoon(): void {
    if (this.writableLength === 0 && this.#flush()) this.destroy();
    else super.destroySoon();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#flush();
    this.outgoing = 0;
    this.#held = undefined;
    if (this.#isReceiving) this.#sockets.cancel(this.id);
    else this.#release();
    super._destroy(error, done);
  }

  /** Calls `next` after the bytes queued for the ring were sent. */
  #afterFlush(failed: (error: Error) => void, next: () => void): void {
    if (this.#flush()) return next();
    super._write(this.#takeUnsent(), 'buffer' as BufferEncoding, (error) => (error ? failed(error) : next()));
  }

  #release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#sockets.release(this.id);
  }

  ringFailed(): void {
    this.#isReleased = true;
    this.#isReceiving = false;
    if (this.destroyed) return;
    if (!this.#flush()) this.write(this.#takeUnsent());
    if (this.#usesRing) this.#readByNode();
  }
}

/** The same error as Node's own. */
function readError(result: number): Error {
  const code = getSystemErrorName(result);
  return Object.assign(new Error(`read ${code}`), { code, errno: result, syscall: 'read' });
}
