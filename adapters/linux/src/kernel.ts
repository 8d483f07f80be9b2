import { openLibc } from './libc.ts';

/** The Linux system calls that io_uring needs, by a foreign function interface: Node has no API for io_uring. */
export interface Kernel {
  /** io_uring_setup(2). Returns the descriptor of the ring; the kernel writes its sizes and offsets to `parameters`. */
  setup(entries: number, parameters: Uint32Array): number;
  /** io_uring_enter(2): submits `submissions` entries and posts completions. Returns the number of entries consumed, or minus an errno. */
  enter(ring: number, submissions: number): number;
  /** io_uring_register(2). */
  register(ring: number, operation: number, argument: Uint32Array, count: number): void;
  /** Maps a region of the ring that is shared with the kernel. */
  shared(ring: number, bytes: number, offset: number): ArrayBuffer;
  /** Allocates zeroed pages. */
  pages(bytes: number): { readonly memory: ArrayBuffer; readonly address: number };
  /** The address of `memory`, valid for as long as something refers to it. */
  addressOf(memory: Uint8Array): number;
  eventDescriptor(): number;
  pipe(): readonly [read: number, write: number];
  /** dup3(2): makes `to` a duplicate of `from`. */
  duplicate(from: number, to: number): void;
  /** Shuts down the sending side of a connection (SHUT_WR). */
  shutDown(descriptor: number): void;
  close(descriptor: number): void;
}

const systemCall = { setup: 425, enter: 426, register: 427 };
const protectReadWrite = 3;
const mapFlags = { shared: 1, private: 2, anonymous: 0x20, populate: 0x8000 };
const enterGetEvents = 1;
const shutWrite = 1;
const closeOnExec = 0o2_000_000;
const nonBlockingCloseOnExec = 0o2_004_000;

/** @throws Error this machine does not run Linux, or koffi has no build for it */
export function openKernel(): Kernel {
  if (process.platform !== 'linux') throw new Error(`io_uring needs Linux, this is ${process.platform}`);
  const { koffi, libc } = openLibc();
  const map = libc.func('void *mmap(void *at, size_t bytes, int protection, int flags, int descriptor, int64 offset)');
  const setup = libc.func('long syscall(long systemCall, uint32 entries, void *parameters)');
  const enter = libc.func(
    'long syscall(long systemCall, int ring, uint32 submissions, uint32 awaited, uint32 flags, int64 a, int64 b)',
  );
  const register = libc.func('long syscall(long systemCall, int ring, uint32 operation, void *argument, uint32 count)');
  const move = libc.func('int64 memmove(void *to, void *from, size_t bytes)');
  const eventfd = libc.func('int eventfd(uint32 count, int flags)');
  const pipe = libc.func('int pipe2(void *ends, int flags)');
  const dup3 = libc.func('int dup3(int from, int to, int flags)');
  const shutdown = libc.func('int shutdown(int descriptor, int how)');
  const close = libc.func('int close(int descriptor)');
  const checked = (result: number, action: string): number => {
    if (result >= 0) return result;
    throw new Error(`${action} failed with errno ${koffi.errno()}`);
  };
  const mapMemory = (bytes: number, flags: number, descriptor: number, offset: number) => {
    const pointer = map(null, bytes, protectReadWrite, flags | mapFlags.populate, descriptor, offset) as unknown;
    const address = Number(koffi.address(pointer));
    if (address <= 0 || address >= 2 ** 63) throw new Error(`mapping memory failed with errno ${koffi.errno()}`);
    return { memory: koffi.view(pointer, bytes), address };
  };
  return {
    setup: (entries, parameters) => checked(Number(setup(systemCall.setup, entries, parameters)), 'creating a ring'),
    enter: (ring, submissions) => {
      const result = Number(enter(systemCall.enter, ring, submissions, 0, enterGetEvents, 0, 0));
      return result < 0 ? -koffi.errno() : result;
    },
    register: (ring, operation, argument, count) =>
      void checked(Number(register(systemCall.register, ring, operation, argument, count)), 'registering with a ring'),
    shared: (ring, bytes, offset) => mapMemory(bytes, mapFlags.shared, ring, offset).memory,
    pages: (bytes) => mapMemory(bytes, mapFlags.private | mapFlags.anonymous, -1, 0),
    addressOf: (memory) => Number(move(memory, memory, 0)),
    eventDescriptor: () => checked(Number(eventfd(0, nonBlockingCloseOnExec)), 'creating an eventfd'),
    pipe: () => {
      const ends = new Int32Array(2);
      checked(Number(pipe(ends, nonBlockingCloseOnExec)), 'creating a pipe');
      return [ends[0] as number, ends[1] as number];
    },
    duplicate: (from, to) => void checked(Number(dup3(from, to, closeOnExec)), 'duplicating a descriptor'),
    shutDown: (descriptor) => void shutdown(descriptor, shutWrite),
    close: (descriptor) => void close(descriptor),
  };
}
