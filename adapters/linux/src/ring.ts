import type { Buffer } from 'node:buffer';
import type { Kernel } from './kernel.ts';
import { ReadBuffers } from './read-buffers.ts';

/** How many may be handed in at once. */
const entries = 128;
/** Few, so that they stay in the processor's cache; what has no room is kept by the kernel, and handed over in a further `enter`. */
const completionsMax = 8 * entries;
const setupFlags = {
  sizeOfCompletions: 8,
  submitAll: 0x80,
  tellsOfWork: 0x200,
  oneThread: 0x1000,
  worksWhenEntered: 0x2000,
};
const operation = { send: 26, receive: 27, cancel: 14 };
const picksBuffer = 0x20;
/** What is there is looked for when something has come, and not at once. */
const pollsFirst = 1;
const neverWaits = 0x40;
const noSignal = 0x4000;
const hasBuffer = 1;
const registerEvents = 4;
const submissionsAt = 0x1000_0000;
const wordsOfSubmission = 16;
const wordsOfCompletion = 4;
const wordsOfCome = 3;
/** EINTR, EAGAIN, EBUSY: what was not taken now may be the next time. */
const passing = new Set([4, 11, 16]);
const triesMax = 100;
const noEvents = 1;
/** The kernel keeps answers back for which there was no room. */
const keepsBack = 2;
/** Something has come, at which the kernel works when the ring is entered. */
const hasWork = 4;

/** What was asked; it comes back with the number of who asked. */
const asked = { send: 0, receive: 1, cancel: 2 } as const;
const askedMask = 3;

/** What is heard of what was asked: a count of bytes, or minus an errno. */
export interface RingAnswers {
  sent(who: number, result: number): void;
  /** True: nothing refers to the memory any more. */
  received(who: number, result: number, memory: Buffer | undefined): boolean;
}

/**
 * An io_uring of one thread: sockets are read and written by entries in memory that is shared with the kernel, any number of them for one
 * system call (Linux's io_uring(7), io_uring_enter(2)). The kernel works at them, and writes to memory, only within `enter`
 * (IORING_SETUP_DEFER_TASKRUN, Linux 6.1), so what of it is not referred to here is never written to.
 */
export class Ring {
  /** Readable when there may be something to be heard. */
  readonly events: number;
  readonly #kernel: Kernel;
  readonly #descriptor: number;
  readonly #submissions: Uint32Array;
  /** Heads, tails and flags of both queues, and the completions. */
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
  /** Who, result and flags of what has come, one behind the other. */
  readonly #come: number[] = [];
  #comeEnd = 0;

  /** @throws Error the kernel has none, is older than 6.1, or does not let this process have one */
  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    const parameters = new Uint32Array(30);
    const { sizeOfCompletions, submitAll, tellsOfWork, oneThread, worksWhenEntered } = setupFlags;
    parameters[1] = completionsMax;
    parameters[2] = sizeOfCompletions | submitAll | tellsOfWork | oneThread | worksWhenEntered;
    this.#descriptor = kernel.setup(entries, parameters);
    // struct io_uring_params: ten words, then the offsets of either queue: head, tail, mask, entries, and what differs.
    const [submissionTail, submissionFlags] = [parameters[11] as number, parameters[14] as number];
    const submissionIndex = parameters[16] as number;
    const [completionHead, completionTail] = [parameters[20] as number, parameters[21] as number];
    const [completions, flags] = [parameters[25] as number, parameters[26] as number];
    const bytes = Math.max(submissionIndex + entries * 4, completions + completionsMax * wordsOfCompletion * 4);
    const queues = kernel.shared(this.#descriptor, bytes, 0);
    this.#queues = new Uint32Array(queues);
    this.#results = new Int32Array(queues);
    for (let at = 0; at < entries; at++) this.#queues[submissionIndex / 4 + at] = at;
    this.#at = {
      ...{ submissionTail: submissionTail / 4, submissionFlags: submissionFlags / 4 },
      ...{ completionHead: completionHead / 4, completionTail: completionTail / 4 },
      ...{ completions: completions / 4, flags: flags / 4 },
    };
    this.#submissions = new Uint32Array(
      kernel.shared(this.#descriptor, entries * wordsOfSubmission * 4, submissionsAt),
    );
    this.#buffers = new ReadBuffers(kernel, this.#descriptor);
    this.events = kernel.eventDescriptor();
    kernel.register(this.#descriptor, registerEvents, new Uint32Array([this.events]), 1);
    this.isSilent = true;
  }

  /** Nothing is to be read from `events`. What comes once it is not silent is told there, and what came before by `isToBeEntered`. */
  set isSilent(isSilent: boolean) {
    // The kernel says that there is work and then looks whether it may tell: neither may be reordered.
    Atomics.exchange(this.#results, this.#at.flags, isSilent ? noEvents : 0);
  }

  /** Something is to be handed in, or has come. */
  get isToBeEntered(): boolean {
    return this.#waiting > 0 || (Atomics.load(this.#results, this.#at.submissionFlags) & (hasWork | keepsBack)) !== 0;
  }

  /** What comes next from a socket, into a buffer for much or for little. */
  receive(who: number, descriptor: number, isMuch: boolean): void {
    const at = this.#submit(operation.receive | (picksBuffer << 8) | (pollsFirst << 16), descriptor, 0, 0, 0);
    this.#submissions[at + 8] = who * 4 + asked.receive;
    this.#submissions[at + 10] = isMuch ? 1 : 0;
  }

  /** As much as the socket takes now. */
  send(who: number, descriptor: number, address: number, bytes: number): void {
    const at = this.#submit(operation.send, descriptor, address, bytes, neverWaits | noSignal);
    this.#submissions[at + 8] = who * 4 + asked.send;
  }

  /** Nothing more is to come of a `receive`; it is answered all the same. */
  cancel(who: number): void {
    const at = this.#submit(operation.cancel, -1, who * 4 + asked.receive, 0, 0);
    this.#submissions[at + 8] = asked.cancel;
  }

  #submit(head: number, descriptor: number, address: number, bytes: number, flags: number): number {
    if (this.#waiting === entries) this.enter();
    const submissions = this.#submissions;
    const at = (this.#tail & (entries - 1)) * wordsOfSubmission;
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

  /** Hands in all that was asked. @throws Error the kernel does not take it */
  enter(): void {
    this.#queues[this.#at.submissionTail] = this.#tail;
    for (let tries = 0; tries < triesMax; tries++) {
      const result = this.#kernel.enter(this.#descriptor, this.#waiting);
      if (result < 0 && !passing.has(-result)) throw new Error(`entering the ring failed with errno ${-result}`);
      this.#waiting -= Math.max(result, 0);
      if (this.#waiting === 0) return;
    }
    throw new Error(`the ring has taken nothing in ${triesMax} tries`);
  }

  /** Tells what is done: first what was sent, and then what has come. False: nothing has. @throws Error as `enter` */
  hear(answers: RingAnswers): boolean {
    this.#comeEnd = 0;
    this.#gather(answers);
    // What was sent must be known to be: it would be sent again.
    while (((this.#queues[this.#at.submissionFlags] as number) & keepsBack) !== 0) {
      this.enter();
      this.#gather(answers);
    }
    // What is told is answered, and asks for more, which is not heard before the next turn.
    for (let at = 0; at < this.#comeEnd; at += wordsOfCome) {
      const [who, result, flags] = [this.#come[at], this.#come[at + 1], this.#come[at + 2]] as [number, number, number];
      this.#received(who, result, flags, answers);
    }
    return this.#comeEnd > 0;
  }

  /** Takes all answers out of the queue; those of what has come are told later. */
  #gather(answers: RingAnswers): void {
    const end = this.#queues[this.#at.completionTail] as number;
    for (; this.#head !== end; this.#head = (this.#head + 1) >>> 0) {
      const at = this.#at.completions + (this.#head & (completionsMax - 1)) * wordsOfCompletion;
      const user = this.#queues[at] as number;
      const result = this.#results[at + 2] as number;
      if ((user & askedMask) === asked.send) answers.sent(user >>> 2, result);
      else if ((user & askedMask) === asked.receive) this.#comes(user >>> 2, result, this.#results[at + 3] as number);
    }
    this.#queues[this.#at.completionHead] = end;
  }

  #comes(who: number, result: number, flags: number): void {
    const at = this.#comeEnd;
    this.#come[at] = who;
    this.#come[at + 1] = result;
    this.#come[at + 2] = flags;
    this.#comeEnd = at + wordsOfCome;
  }

  #received(who: number, result: number, flags: number, answers: RingAnswers): void {
    if ((flags & hasBuffer) === 0) return void answers.received(who, result, undefined);
    const id = flags >>> 16;
    const isFree = answers.received(who, result, this.#buffers.memoryOf(id));
    this.#buffers.giveBack(id, isFree);
  }

  /** What is under way is called off. */
  close(): void {
    this.#kernel.close(this.#descriptor);
    this.#kernel.close(this.events);
  }
}
