import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { sendNowOf, type SendNow } from './read-socket.ts';

/** Up to this size, copying parts together is cheaper than a system call with a list of parts. */
const joinedBytesMax = 16 * 1024;
/** Scratch memory for joining parts; its content does not outlive a call. */
const joinBuffer = Buffer.allocUnsafeSlow(joinedBytesMax);
/** Less than this is copied for a stream (into Buffer's pool), so that the memory it was read into can be reused at once. */
const copiedBytesMax = 4 * 1024;

/**
 * Collects what a socket is to send while a chunk is processed, and sends it in as few writes as possible. Adjacent ranges of one buffer
 * are merged, so forwarded bytes are written from where they lie.
 */
export class Outbox {
  readonly socket: Socket;
  /** Receives everything that is sent; undefined: nobody listens. */
  tee: ((part: Buffer) => void) | undefined;
  /** Bytes sent after the peer had gone. */
  unsentBytes = 0;
  #parts: Buffer[] = [];
  #bytes = 0;
  #run: Buffer | undefined;
  #from = 0;
  #to = 0;
  /** The stream holds memory that was not copied. */
  #hasLent = false;
  readonly #sendNow: SendNow;

  constructor(socket: Socket) {
    this.socket = socket;
    this.#sendNow = sendNowOf(socket);
  }

  /** Bytes that the peer has not accepted yet. */
  get backlog(): number {
    return this.socket.writable ? this.socket.writableLength : 0;
  }

  /** Memory given to this outbox has not been written completely, so it must not change. */
  get isPending(): boolean {
    if (this.#hasLent && this.socket.writableLength === 0) this.#hasLent = false;
    return this.#hasLent || this.#run !== undefined || this.#parts.length > 0;
  }

  range(buffer: Buffer, start: number, end: number): void {
    if (buffer === this.#run && start === this.#to) {
      this.#to = end;
      return;
    }
    this.endRun();
    this.#run = buffer;
    this.#from = start;
    this.#to = end;
  }

  push(message: Buffer): void {
    this.range(message, 0, message.length);
  }

  send(): void {
    const run = this.#run;
    if (run !== undefined && this.#parts.length === 0 && this.tee === undefined) {
      this.#run = undefined;
      if (this.#from === this.#to) return;
      if (this.socket.writable) this.#write(run, this.#from, this.#to);
      else this.unsentBytes += this.#to - this.#from;
      return;
    }
    this.endRun();
    const parts = this.#parts;
    if (parts.length === 0) return;
    const bytes = this.#bytes;
    this.#parts = [];
    this.#bytes = 0;
    if (!this.socket.writable) this.unsentBytes += bytes;
    else if (parts.length === 1) this.#write(parts[0] as Buffer, 0, bytes);
    else if (bytes <= joinedBytesMax) this.#sendJoined(parts, bytes);
    else this.#sendList(parts);
  }

  #write(buffer: Buffer, from: number, to: number): void {
    const sent = this.#sendNow(buffer, from, to);
    if (sent === to) return;
    const rest = sent === 0 && to === buffer.length ? buffer : buffer.subarray(sent, to);
    if (rest.length < copiedBytesMax) this.socket.write(Buffer.from(rest));
    else this.#lend(rest);
  }

  #lend(part: Buffer): void {
    this.#hasLent = true;
    this.socket.write(part);
  }

  #sendJoined(parts: readonly Buffer[], bytes: number): void {
    let at = 0;
    for (const part of parts) {
      joinBuffer.set(part, at);
      at += part.length;
    }
    const sent = this.#sendNow(joinBuffer, 0, bytes);
    if (sent < bytes) this.socket.write(Buffer.from(joinBuffer.subarray(sent, bytes)));
  }

  #sendList(parts: readonly Buffer[]): void {
    this.socket.cork();
    for (const part of parts) this.#lend(part);
    this.socket.uncork();
  }

  /** Closes the current range: what follows is a separate part. */
  endRun(): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    if (this.#from === this.#to) return;
    const part = this.#from === 0 && this.#to === run.length ? run : run.subarray(this.#from, this.#to);
    this.#parts.push(part);
    this.tee?.(part);
    this.#bytes += this.#to - this.#from;
  }
}
