import { openLibc } from './libc.ts';

/** What of Linux is called here, by a foreign function interface: Node has no way to io_uring. */
export interface Kernel {
  /** The descriptor of a ring, whose sizes and offsets `parameters` then has. */
  setup(entries: number, parameters: Uint32Array): number;
  /** Hands in `submissions` and has what is done put into the ring. The number that was taken, or minus an errno. */
  enter(ring: number, submissions: number): number;
  register(ring: number, what: number, argument: Uint32Array, count: number): void;
  /** Memory that a ring shares with the kernel. */
  shared(ring: number, bytes: number, offset: number): ArrayBuffer;
  /** Pages of zeros. */
  pages(bytes: number): { readonly memory: ArrayBuffer; readonly address: number };
  /** Where memory lies; it stays there for as long as something refers to it. */
  addressOf(memory: Uint8Array): number;
  eventDescriptor(): number;
  pipe(): readonly [read: number, write: number];
  /** `to` is from now on what `from` is. */
  duplicate(from: number, to: number): void;
  /** The other end of a connection hears that nothing more comes. */
  shutDown(descriptor: number): void;
  close(descriptor: number): void;
}

const call = { setup: 425, enter: 426, register: 427 };
const readAndWrite = 3;
const mapped = { shared: 1, private: 2, anonymous: 0x20, populated: 0x8000 };
const getEvents = 1;
const endOfWriting = 1;
const nonBlockingAndClosedOnExec = 0o2_004_000;

/** @throws Error there is no such interface for this machine, or it is none of Linux */
export function openKernel(): Kernel {
  if (process.platform !== 'linux') throw new Error(`io_uring is of Linux, and this is ${process.platform}`);
  const { koffi, libc } = openLibc();
  const map = libc.func('void *mmap(void *at, size_t bytes, int access, int how, int descriptor, int64 offset)');
  const setup = libc.func('long syscall(long call, uint32 entries, void *parameters)');
  const enter = libc.func(
    'long syscall(long call, int ring, uint32 many, uint32 awaited, uint32 how, int64 a, int64 b)',
  );
  const register = libc.func('long syscall(long call, int ring, uint32 what, void *argument, uint32 count)');
  const move = libc.func('int64 memmove(void *to, void *from, size_t bytes)');
  const eventfd = libc.func('int eventfd(uint32 count, int how)');
  const pipe = libc.func('int pipe2(void *ends, int how)');
  const dup3 = libc.func('int dup3(int from, int to, int how)');
  const shutdown = libc.func('int shutdown(int descriptor, int how)');
  const close = libc.func('int close(int descriptor)');
  const done = (result: number, what: string): number => {
    if (result >= 0) return result;
    throw new Error(`${what} failed with errno ${koffi.errno()}`);
  };
  const mapping = (bytes: number, how: number, descriptor: number, offset: number) => {
    const pointer = map(null, bytes, readAndWrite, how | mapped.populated, descriptor, offset) as unknown;
    const address = Number(koffi.address(pointer));
    if (address <= 0 || address >= 2 ** 63) throw new Error(`mapping memory failed with errno ${koffi.errno()}`);
    return { memory: koffi.view(pointer, bytes), address };
  };
  return {
    setup: (entries, parameters) => done(Number(setup(call.setup, entries, parameters)), 'making a ring'),
    enter: (ring, submissions) => {
      const result = Number(enter(call.enter, ring, submissions, 0, getEvents, 0, 0));
      return result < 0 ? -koffi.errno() : result;
    },
    register: (ring, what, argument, count) =>
      void done(Number(register(call.register, ring, what, argument, count)), 'equipping a ring'),
    shared: (ring, bytes, offset) => mapping(bytes, mapped.shared, ring, offset).memory,
    pages: (bytes) => mapping(bytes, mapped.private | mapped.anonymous, -1, 0),
    addressOf: (memory) => Number(move(memory, memory, 0)),
    eventDescriptor: () => done(Number(eventfd(0, nonBlockingAndClosedOnExec)), 'making an eventfd'),
    pipe: () => {
      const ends = new Int32Array(2);
      done(Number(pipe(ends, nonBlockingAndClosedOnExec)), 'making a pipe');
      return [ends[0] as number, ends[1] as number];
    },
    duplicate: (from, to) => void done(Number(dup3(from, to, 0o2_000_000)), 'moving a descriptor'),
    shutDown: (descriptor) => void shutdown(descriptor, endOfWriting),
    close: (descriptor) => void close(descriptor),
  };
}
