import { Buffer } from 'node:buffer';
import type { Kernel } from './kernel.ts';

const registerBuffers = 22;
const bytesOfEntry = 16;

/** Many small ones for what comes at rest, some large ones for what comes in floods. */
const groups = [
  { count: 256, bytes: 4 * 1024 },
  { count: 32, bytes: 64 * 1024 },
] as const;
/** A buffer's number has its group in front. */
const numbersOfGroup = 1_024;

/** Memory from which the kernel picks when something has come, so that a socket at rest has none (IORING_REGISTER_PBUF_RING). */
export class ReadBuffers {
  readonly #kernel: Kernel;
  readonly #groups: readonly Group[];

  constructor(kernel: Kernel, ring: number) {
    this.#kernel = kernel;
    this.#groups = groups.map(({ count, bytes }, number) => {
      const { memory, address } = kernel.pages(count * bytesOfEntry);
      const argument = new Uint32Array(10);
      argument.set([address, address / 2 ** 32, count, number]);
      kernel.register(ring, registerBuffers, argument, 1);
      return new Group(memory, count, bytes);
    });
    for (const [number, group] of this.#groups.entries())
      for (let id = 0; id < group.count; id++) this.#fill(number * numbersOfGroup + id);
  }

  memoryOf(id: number): Buffer {
    return this.#groupOf(id).buffers[id % numbersOfGroup] as Buffer;
  }

  /** @param isFree nothing refers to it: it may be used again */
  giveBack(id: number, isFree: boolean): void {
    if (isFree) this.#groupOf(id).offer(id);
    else this.#fill(id);
  }

  #fill(id: number): void {
    const group = this.#groupOf(id);
    const memory = Buffer.allocUnsafeSlow(group.bytes);
    group.buffers[id % numbersOfGroup] = memory;
    group.addresses[id % numbersOfGroup] = this.#kernel.addressOf(memory);
    group.offer(id);
  }

  #groupOf(id: number): Group {
    return this.#groups[id < numbersOfGroup ? 0 : 1] as Group;
  }
}

class Group {
  readonly count: number;
  readonly bytes: number;
  readonly buffers: Buffer[] = [];
  readonly addresses: number[] = [];
  readonly #words: Uint32Array;
  readonly #halves: Uint16Array;
  #tail = 0;

  constructor(memory: ArrayBuffer, count: number, bytes: number) {
    this.count = count;
    this.bytes = bytes;
    this.#words = new Uint32Array(memory);
    this.#halves = new Uint16Array(memory);
  }

  /** struct io_uring_buf: address, length, number; the tail of all stands behind the number of the first. */
  offer(id: number): void {
    const at = (this.#tail & (this.count - 1)) * 4;
    const address = this.addresses[id % numbersOfGroup] as number;
    this.#words[at] = address;
    this.#words[at + 1] = address / 2 ** 32;
    this.#words[at + 2] = this.bytes;
    this.#halves[at * 2 + 6] = id;
    this.#tail = (this.#tail + 1) & 0xffff;
    this.#halves[7] = this.#tail;
  }
}
