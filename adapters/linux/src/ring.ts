import type { Buffer } from 'node:buffer';
import type { Kernel } from './kernel.ts';
import { ReadBuffers } from './read-buffers.ts';

/** Size of the submission queue. */
const entries = 128;
/** Size of the completion queue, small so that it stays in the CPU cache. The kernel holds back what overflows until the next `enter`. */
const completionsMax = 8 * entries;
const setupFlags = {
  completionQueueSize: 8,
  submitAll: 0x80,
  taskrunFlag: 0x200,
  singleIssuer: 0x1000,
  deferTaskrun: 0x2000,
};
const operation = { send: 26, receive: 27, cancel: 14 };
/** IOSQE_BUFFER_SELECT */
const bufferSelect = 0x20;
/** IORING_RECVSEND_POLL_FIRST: wait for the socket to be readable before the first attempt to read. */
const pollFirst = 1;
/** MSG_DONTWAIT, MSG_NOSIGNAL */
const [dontWait, noSignal] = [0x40, 0x4000];
/** IORING_CQE_F_BUFFER */
const hasBuffer = 1;
const registerEventfd = 4;
const submissionsAt = 0x1000_0000;
const wordsPerSubmission = 16;
const wordsPerCompletion = 4;
const wordsPerReceive = 3;
/** EINTR, EAGAIN, EBUSY: the next `enter` may succeed. */
const transientErrnos = new Set([4, 11, 16]);
const triesMax = 100;
/** IORING_CQ_EVENTFD_DISABLED */
const eventfdDisabled = 1;
/** IORING_SQ_CQ_OVERFLOW: the kernel holds back completions that did not fit into the queue. */
const completionsOverflowed = 2;
/** IORING_SQ_TASKRUN: the kernel has work to do in the next `enter`. */
const hasTaskWork = 4;

/** The low bits of a submission's user data, which comes back in its completion; the higher bits are the socket's id. */
const request = { send: 0, receive: 1, cancel: 2 } as const;
const requestMask = 3;

/** Takes completions. `result` is a number of bytes, or minus an errno; `id` is that of the socket. */
export interface CompletionHandler {
  sent(id: number, result: number): void;
  /** Returns true when nothing refers to `memory` any more, so that it may be reused. */
  received(id: number, result: number, memory: Buffer | undefined): boolean;
}

/**
 * An io_uring of one thread: sends and receives are entries in memory shared with the kernel, and one system call submits any number of
 * them (io_uring(7), io_uring_enter(2)). The kernel works on them, and writes to buffers, only within `enter` (IORING_SETUP_DEFER_TASKRUN,
 * Linux 6.1), so a buffer that was garbage-collected is never written to.
 */
export class Ring {
  /** An eventfd, readable when there may be completions. */
  readonly events: number;
  readonly #kernel: Kernel;
  readonly #descriptor: number;
  readonly #submissions: Uint32Array;
  /** Heads, tails and flags of both queues, and the completion queue entries. */
  readonly #queues: Uint32Array;
  readonly #results: Int32Array;
  readonly #at: {
    submissionTail: number;
    submissionFlags: number;
    completionHead: number;
    completionTail: number;
    completions: number;
    flags: number;
  };
  readonly #buffers: ReadBuffers;
  #tail = 0;
  #waiting = 0;
  #head = 0;
  /** Completed receives of this turn, flat: socket id, result, flags. Reused each turn; `#receivesEnd` is its length. */
  readonly #receives: number[] = [];
  #receivesEnd = 0;

  /** @throws Error the kernel has no io_uring, is older than 6.1, or forbids io_uring to this process */
  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    const parameters = new Uint32Array(30);
    const { completionQueueSize, submitAll, taskrunFlag, singleIssuer, deferTaskrun } = setupFlags;
    parameters[1] = completionsMax;
    parameters[2] = completionQueueSize | submitAll | taskrunFlag | singleIssuer | deferTaskrun;
    this.#descriptor = kernel.setup(entries, parameters);
    // struct io_uring_params: ten words, then the offsets of each queue: head, tail, mask, entries and others.
    const [submissionTail, submissionFlags] = [parameters[11] as number, parameters[14] as number];
    const submissionIndex = parameters[16] as number;
    const [completionHead, completionTail] = [parameters[20] as number, parameters[21] as number];
    const [completions, flags] = [parameters[25] as number, parameters[26] as number];
    const bytes = Math.max(submissionIndex + entries * 4, completions + completionsMax * wordsPerCompletion * 4);
    const queues = kernel.shared(this.#descriptor, bytes, 0);
    this.#queues = new Uint32Array(queues);
    this.#results = new Int32Array(queues);
    for (let at = 0; at < entries; at++) this.#queues[submissionIndex / 4 + at] = at;
    this.#at = {
      submissionTail: submissionTail / 4,
      submissionFlags: submissionFlags / 4,
      completionHead: completionHead / 4,
      completionTail: completionTail / 4,
      completions: completions / 4,
      flags: flags / 4,
    };
    this.#submissions = new Uint32Array(
      kernel.shared(this.#descriptor, entries * wordsPerSubmission * 4, submissionsAt),
    );
    this.#buffers = new ReadBuffers(kernel, this.#descriptor);
    this.events = kernel.eventDescriptor();
    kernel.register(this.#descriptor, registerEventfd, new Uint32Array([this.events]), 1);
    this.isSilent = true;
  }

  /** Turns the signals of `events` off or on. Completions posted while it is off are seen by `needsEnter` only. */
  set isSilent(isSilent: boolean) {
    // The kernel sets its work flag and then reads this one, so this write must not move behind the next read of the work flag.
    Atomics.exchange(this.#results, this.#at.flags, isSilent ? eventfdDisabled : 0);
  }

  /** There are entries to submit, or completions to fetch. */
  get needsEnter(): boolean {
    const flags = hasTaskWork | completionsOverflowed;
    return this.#waiting > 0 || (Atomics.load(this.#results, this.#at.submissionFlags) & flags) !== 0;
  }

  /** Reads once from a socket into a provided buffer, a large one if `isLarge`. */
  receive(id: number, descriptor: number, isLarge: boolean): void {
    const at = this.#submit(operation.receive | (bufferSelect << 8) | (pollFirst << 16), descriptor, 0, 0, 0);
    this.#submissions[at + 8] = id * 4 + request.receive;
    this.#submissions[at + 10] = isLarge ? 1 : 0;
  }

  /** Sends as many bytes as the socket takes without waiting. */
  send(id: number, descriptor: number, address: number, bytes: number): void {
    const at = this.#submit(operation.send, descriptor, address, bytes, dontWait | noSignal);
    this.#submissions[at + 8] = id * 4 + request.send;
  }

  /** Cancels the `receive` of a socket, which still completes. */
  cancel(id: number): void {
    const at = this.#submit(operation.cancel, -1, id * 4 + request.receive, 0, 0);
    this.#submissions[at + 8] = request.cancel;
  }

  #submit(head: number, descriptor: number, address: number, bytes: number, flags: number): number {
    if (this.#waiting === entries) this.enter();
    const submissions = this.#submissions;
    const at = (this.#tail & (entries - 1)) * wordsPerSubmission;
    this.#tail = (this.#tail + 1) >>> 0;
    this.#waiting++;
    submissions[at] = head;
    submissions[at + 1] = descriptor;
    submissions[at + 4] = address;
    submissions[at + 5] = address / 2 ** 32;
    submissions[at + 6] = bytes;
    submissions[at + 7] = flags;
    submissions[at + 10] = 0;
    return at;
  }

  /** Submits all entries and lets the kernel post completions. @throws Error the kernel refuses */
  enter(): void {
    this.#queues[this.#at.submissionTail] = this.#tail;
    for (let tries = 0; tries < triesMax; tries++) {
      const result = this.#kernel.enter(this.#descriptor, this.#waiting);
      if (result < 0 && !transientErrnos.has(-result))
        throw new Error(`entering the ring failed with errno ${-result}`);
      this.#waiting -= Math.max(result, 0);
      if (this.#waiting === 0) return;
    }
    throw new Error(`the kernel took no submission of the ring in ${triesMax} tries`);
  }

  /** Hands all completions to `handler`, sends before receives. Returns whether a receive was among them. @throws Error as `enter` */
  processCompletions(handler: CompletionHandler): boolean {
    this.#receivesEnd = 0;
    this.#drainQueue(handler);
    // Overflowed completions too, before any receive is handled: bytes not known to be sent would be sent again.
    while (((this.#queues[this.#at.submissionFlags] as number) & completionsOverflowed) !== 0) {
      this.enter();
      this.#drainQueue(handler);
    }
    // The handler submits new requests here; they complete in the next turn at the earliest.
    for (let at = 0; at < this.#receivesEnd; at += wordsPerReceive) {
      const receives = this.#receives;
      const [id, result, flags] = [receives[at], receives[at + 1], receives[at + 2]] as [number, number, number];
      this.#completeReceive(id, result, flags, handler);
    }
    return this.#receivesEnd > 0;
  }

  /** Empties the completion queue: handles sends and stores receives in `#receives`. */
  #drainQueue(handler: CompletionHandler): void {
    const end = this.#queues[this.#at.completionTail] as number;
    for (; this.#head !== end; this.#head = (this.#head + 1) >>> 0) {
      const at = this.#at.completions + (this.#head & (completionsMax - 1)) * wordsPerCompletion;
      const user = this.#queues[at] as number;
      const result = this.#results[at + 2] as number;
      const id = user >>> 2;
      if ((user & requestMask) === request.send) handler.sent(id, result);
      else if ((user & requestMask) === request.receive)
        this.#storeReceive(id, result, this.#results[at + 3] as number);
    }
    this.#queues[this.#at.completionHead] = end;
  }

  #storeReceive(id: number, result: number, flags: number): void {
    const at = this.#receivesEnd;
    this.#receives[at] = id;
    this.#receives[at + 1] = result;
    this.#receives[at + 2] = flags;
    this.#receivesEnd = at + wordsPerReceive;
  }

  #completeReceive(id: number, result: number, flags: number, handler: CompletionHandler): void {
    if ((flags & hasBuffer) === 0) return void handler.received(id, result, undefined);
    const bufferId = flags >>> 16;
    const isFree = handler.received(id, result, this.#buffers.memoryOf(bufferId));
    this.#buffers.giveBack(bufferId, isFree);
  }

  /** Closes the ring; the kernel cancels what is in flight. */
  close(): void {
    this.#kernel.close(this.#descriptor);
    this.#kernel.close(this.events);
  }
}
