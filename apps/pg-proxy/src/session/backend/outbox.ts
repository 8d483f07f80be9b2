import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { sendingBy, type SendNow } from './lean-socket.ts';

/** Up to here copying parts into one is cheaper than a system call with a list of them. */
const joinedBytesMax = 16 * 1024;
/** Where they are put together; nothing of it outlives a call. */
const joint = Buffer.allocUnsafeSlow(joinedBytesMax);

/**
 * Collects what goes to a socket while one chunk is worked on, and sends it in as few writes as possible. Ranges that follow
 * each other in one buffer stay one range, so what is passed on untouched is written as it lies.
 */
export class Outbox {
  readonly socket: Socket;
  /** Is given everything that goes out; undefined: nobody takes it down. */
  tee: ((part: Buffer) => void) | undefined;
  /** Bytes that came here when the peer had gone. */
  unheard = 0;
  #parts: Buffer[] = [];
  #bytes = 0;
  #run: Buffer | undefined;
  #from = 0;
  #to = 0;
  readonly #sendNow: SendNow;

  constructor(socket: Socket) {
    this.socket = socket;
    this.#sendNow = sendingBy(socket);
  }

  /** Bytes that the peer has not taken, and still may. */
  get backlog(): number {
    return this.socket.writable ? this.socket.writableLength : 0;
  }

  /** Something that came here has not gone out whole: its memory must stay as it is. */
  get isPending(): boolean {
    return this.#run !== undefined || this.#parts.length > 0 || this.socket.writableLength > 0;
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
      else this.unheard += this.#to - this.#from;
      return;
    }
    this.endRun();
    const parts = this.#parts;
    if (parts.length === 0) return;
    const bytes = this.#bytes;
    this.#parts = [];
    this.#bytes = 0;
    if (!this.socket.writable) this.unheard += bytes;
    else if (parts.length === 1) this.#write(parts[0] as Buffer, 0, bytes);
    else if (bytes <= joinedBytesMax) this.#sendJoined(parts, bytes);
    else this.#sendList(parts);
  }

  #write(buffer: Buffer, from: number, to: number): void {
    const sent = this.#sendNow(buffer, from, to);
    if (sent < to) this.socket.write(sent === 0 && to === buffer.length ? buffer : buffer.subarray(sent, to));
  }

  #sendJoined(parts: readonly Buffer[], bytes: number): void {
    let at = 0;
    for (const part of parts) {
      joint.set(part, at);
      at += part.length;
    }
    const sent = this.#sendNow(joint, 0, bytes);
    if (sent < bytes) this.socket.write(Buffer.from(joint.subarray(sent, bytes)));
  }

  #sendList(parts: readonly Buffer[]): void {
    this.socket.cork();
    for (const part of parts) this.socket.write(part);
    this.socket.uncork();
  }

  /** What comes next is a part of its own. */
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
