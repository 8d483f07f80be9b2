import { Buffer } from 'node:buffer';
import type { Kernel } from './kernel.ts';

const registerBufferRing = 22;
const bytesPerEntry = 16;

/** Many small buffers for short messages, and some large ones for sockets whose last read filled its buffer. */
const groups = [
  { count: 256, bytes: 4 * 1024 },
  { count: 32, bytes: 64 * 1024 },
] as const;
/** Buffer ids of a group start at its index times this. */
const idsPerGroup = 1_024;

/** Provided buffers (IORING_REGISTER_PBUF_RING): the kernel picks one when bytes arrive, so an idle socket holds no memory. */
export class ReadBuffers {
  readonly #kernel: Kernel;
  readonly #groups: readonly Group[];

  constructor(kernel: Kernel, ring: number) {
    this.#kernel = kernel;
    this.#groups = groups.map(({ count, bytes }, groupId) => {
      const { memory, address } = kernel.pages(count * bytesPerEntry);
      const argument = new Uint32Array(10);
      argument.set([address, address / 2 ** 32, count, groupId]);
      kernel.register(ring, registerBufferRing, argument, 1);
      return new Group(memory, count, bytes);
    });
    for (const [groupId, group] of this.#groups.entries())
      for (let id = 0; id < group.count; id++) this.#allocate(groupId * idsPerGroup + id);
  }

  memoryOf(id: number): Buffer {
    return this.#groupOf(id).buffers[id % idsPerGroup] as Buffer;
  }

  /** Offers a buffer to the kernel again. @param isFree nothing refers to its memory; otherwise it gets new memory */
  giveBack(id: number, isFree: boolean): void {
    if (isFree) this.#groupOf(id).offer(id);
    else this.#allocate(id);
  }

  #allocate(id: number): void {
    const group = this.#groupOf(id);
    const memory = Buffer.allocUnsafeSlow(group.bytes);
    group.buffers[id % idsPerGroup] = memory;
    group.addresses[id % idsPerGroup] = this.#kernel.addressOf(memory);
    group.offer(id);
  }

  #groupOf(id: number): Group {
    return this.#groups[id < idsPerGroup ? 0 : 1] as Group;
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

  /** Writes a struct io_uring_buf (address, length, id). The ring's tail overlays the reserved field of the first entry. */
  offer(id: number): void {
    const at = (this.#tail & (this.count - 1)) * 4;
    const address = this.addresses[id % idsPerGroup] as number;
    this.#words[at] = address;
    this.#words[at + 1] = address / 2 ** 32;
    this.#words[at + 2] = this.bytes;
    this.#halves[at * 2 + 6] = id;
    this.#tail = (this.#tail + 1) & 0xffff;
    this.#halves[7] = this.#tail;
  }
}
