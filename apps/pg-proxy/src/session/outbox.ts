import type { Socket } from 'node:net';

/** Up to here copying parts into one is cheaper than a system call with a list of them. */
const joinedBytesMax = 16 * 1024;

/**
 * Collects what goes to a socket while one chunk is worked on, and sends it in as few writes as possible. Ranges that follow
 * each other in one buffer stay one range, so what is passed on untouched is written as it lies.
 */
export class Outbox {
  readonly socket: Socket;
  /** Is given everything that goes out; undefined: nobody takes it down. */
  tee: ((part: Buffer) => void) | undefined;
  #parts: Buffer[] = [];
  #bytes = 0;
  #run: Buffer | undefined;
  #from = 0;
  #to = 0;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Bytes that the peer has not taken. */
  get backlog(): number {
    return this.socket.writableLength;
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
    this.endRun();
    const parts = this.#parts;
    if (parts.length === 0) return;
    const bytes = this.#bytes;
    this.#parts = [];
    this.#bytes = 0;
    if (!this.socket.writable) return;
    if (parts.length === 1) this.socket.write(parts[0] as Buffer);
    else if (bytes <= joinedBytesMax) this.socket.write(Buffer.concat(parts, bytes));
    else this.#sendList(parts);
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
