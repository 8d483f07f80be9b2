import { Buffer } from 'node:buffer';
import { Socket } from 'node:net';
import { openKernel, type Kernel } from './kernel.ts';
import { Ring, type RingAnswers } from './ring.ts';

/** Up to here it goes by the ring, which copies it. */
export const sentBytesMax = 16 * 1024;
const outgoingBytes = 256 * 1024;
/** Turns of the ring after each other before everything else has one. */
const turnsMax = 16;

/** What is to be done behind it comes as soon as with `queueMicrotask`, for less: no async resource is made for it. */
const settled = Promise.resolve();

/** A socket as its ring sees it. */
export interface Served {
  /** Undefined: it has none any more. */
  readonly descriptor: number | undefined;
  /** Its chunks fill their memory. */
  readonly readsMuch: boolean;
  /** Where in the outgoing memory its bytes lie, how many there are, and whether the next turn knows of them. */
  outgoingAt: number;
  outgoing: number;
  isSending: boolean;
  /** The number by which it asks. */
  readonly who: number;
  sent(result: number): void;
  /** True: nothing refers to the memory any more. */
  received(result: number, memory: Buffer | undefined): boolean;
  /** The ring does nothing more for it. */
  deserted(): void;
}

/**
 * The sockets of a thread that are read and written by a ring. Each turn hands in what they have asked since the last one, and tells them
 * what is done; with nothing done the ring rests until the event loop finds that there is something.
 */
export class RingSockets implements RingAnswers {
  /** What goes out with the next turn. */
  readonly outgoing = Buffer.allocUnsafeSlow(outgoingBytes);
  readonly #outgoingAddress: number;
  readonly #kernel: Kernel;
  readonly #ring: Ring;
  readonly #wake: Socket;
  readonly #failed: (error: Error) => void;
  readonly #served: (Served | undefined)[] = [];
  readonly #vacant: number[] = [];
  #count = 0;
  #outgoingEnd = 0;
  #toSend: Served[] = [];
  #toReceive: Served[] = [];
  #toCancel: number[] = [];
  /** A turn is under way, or will come. */
  #isAwake = false;
  #turns = 0;
  #isClosing = false;
  #isOver = false;
  readonly #turn = (): void => this.#takeTurn();

  /**
   * @param failed the ring no longer works, and its sockets go on without it
   * @throws Error there is no io_uring here, or the process may not use it
   */
  static open(failed: (error: Error) => void, kernel: Kernel = openKernel()): RingSockets {
    const opened: number[] = [];
    const noted = (descriptor: number): number => (opened.push(descriptor), descriptor);
    const noting: Kernel = {
      ...kernel,
      setup: (...asked) => noted(kernel.setup(...asked)),
      eventDescriptor: () => noted(kernel.eventDescriptor()),
    };
    try {
      return new RingSockets(kernel, new Ring(noting), failed);
    } catch (error) {
      for (const descriptor of opened) kernel.close(descriptor);
      throw error;
    }
  }

  private constructor(kernel: Kernel, ring: Ring, failed: (error: Error) => void) {
    this.#kernel = kernel;
    this.#ring = ring;
    this.#failed = failed;
    this.#outgoingAddress = kernel.addressOf(this.outgoing);
    this.#wake = wakenBy(kernel, ring.events, () => this.#signalled());
    this.#wake.unref();
    ring.isSilent = false;
  }

  /** Whether it may be served: it has a descriptor, and the ring goes on. */
  takes(handle: { readonly fd?: number }): boolean {
    return !this.#isClosing && !this.#isOver && handle.fd !== undefined && handle.fd >= 0;
  }

  /** Who it is from now on. */
  serve(served: Served): number {
    if (this.#count++ === 0) this.#wake.ref();
    const who = this.#vacant.pop() ?? this.#served.length;
    this.#served[who] = served;
    return who;
  }

  /** All that it asked is answered, and it asks nothing more. */
  vacate(who: number): void {
    this.#served[who] = undefined;
    this.#vacant.push(who);
    if (--this.#count > 0) return;
    this.#wake.unref();
    // Not within a turn.
    if (this.#isClosing) queueMicrotask(() => this.#end());
  }

  /** As soon as nobody is served any more. */
  close(): void {
    this.#isClosing = true;
    if (this.#count === 0) this.#end();
  }

  /** What comes next. Asked again only when it is answered. */
  receive(served: Served): void {
    this.#toReceive.push(served);
    this.#soon();
  }

  /** The answer to its `receive` is no longer wanted; it comes all the same. */
  cancel(who: number): void {
    this.#toCancel.push(who);
    this.#soon();
  }

  /** Puts bytes behind those that are to go out. False: there is no room. */
  put(served: Served, bytes: Buffer, from: number, to: number): boolean {
    const end = this.#outgoingEnd;
    const before = served.outgoing;
    const isLast = before > 0 && served.outgoingAt + before === end;
    const wanted = to - from + (isLast ? 0 : before);
    if (end + wanted > outgoingBytes) return false;
    if (!isLast) {
      if (before > 0) this.outgoing.copyWithin(end, served.outgoingAt, served.outgoingAt + before);
      served.outgoingAt = end;
    }
    bytes.copy(this.outgoing, served.outgoingAt + before, from, to);
    served.outgoing = before + to - from;
    this.#outgoingEnd = end + wanted;
    if (!served.isSending) this.#toSend.push(served);
    served.isSending = true;
    this.#soon();
    return true;
  }

  /** At once. By Node it is done in the next round of the event loop, which is long where many are sent away. */
  shutDown(descriptor: number): void {
    this.#kernel.shutDown(descriptor);
  }

  sent(who: number, result: number): void {
    this.#served[who]?.sent(result);
  }

  received(who: number, result: number, memory: Buffer | undefined): boolean {
    return this.#served[who]?.received(result, memory) ?? true;
  }

  /** What other sockets bring in the same round of the event loop, those of TLS among them, goes out by the same call. */
  #soon(): void {
    if (this.#isAwake) return;
    this.#awake();
    setImmediate(this.#turn);
  }

  #signalled(): void {
    if (this.#isAwake) return;
    this.#awake();
    this.#takeTurn();
  }

  #awake(): void {
    this.#isAwake = true;
    this.#turns = 0;
    this.#ring.isSilent = true;
  }

  #takeTurn(): void {
    if (this.#isOver) return;
    try {
      if (this.#works()) return this.#again();
      // What has come since then gave no sign; what comes from here on does.
      this.#ring.isSilent = false;
      this.#isAwake = this.#works();
      if (!this.#isAwake) return;
      this.#ring.isSilent = true;
      this.#again();
    } catch (error) {
      this.#desert(error as Error);
    }
  }

  /** Promises are kept before the next turn; timers and other sockets have theirs at times. */
  #again(): void {
    if (++this.#turns % turnsMax === 0) setImmediate(this.#turn);
    else void settled.then(this.#turn);
  }

  /** False: nothing has come. */
  #works(): boolean {
    if (this.#toCancel.length > 0) this.#submitCancels();
    if (this.#toSend.length > 0) this.#submitSends();
    if (this.#toReceive.length > 0) this.#submitReceives();
    if (!this.#ring.isToBeEntered) return false;
    this.#ring.enter();
    this.#outgoingEnd = 0;
    return this.#ring.hear(this);
  }

  /** Before all others: the number may have become that of another socket. */
  #submitCancels(): void {
    const cancels = this.#toCancel;
    this.#toCancel = [];
    for (const who of cancels) this.#ring.cancel(who);
  }

  #submitSends(): void {
    const sends = this.#toSend;
    this.#toSend = [];
    for (const served of sends) {
      served.isSending = false;
      const { descriptor, outgoing } = served;
      if (descriptor !== undefined && outgoing > 0)
        this.#ring.send(served.who, descriptor, this.#outgoingAddress + served.outgoingAt, outgoing);
    }
  }

  #submitReceives(): void {
    const receives = this.#toReceive;
    this.#toReceive = [];
    for (const served of receives) {
      const { descriptor } = served;
      if (descriptor === undefined) served.received(cancelled, undefined);
      else this.#ring.receive(served.who, descriptor, served.readsMuch);
    }
  }

  /** The kernel takes nothing from the ring any more: everybody goes on without it. */
  #desert(error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // What it has taken before that is done.
    try {
      this.#ring.hear(this);
    } catch {
      // It keeps the rest to itself.
    }
    this.#leaveRing();
    for (const served of [...this.#served]) served?.deserted();
    this.#failed(error);
  }

  #end(): void {
    if (this.#isOver || this.#count > 0) return;
    this.#isOver = true;
    this.#leaveRing();
  }

  #leaveRing(): void {
    // No turn comes any more.
    this.#isAwake = true;
    this.#ring.close();
    this.#wake.destroy();
  }
}

/** ECANCELED. */
const cancelled = -125;

/**
 * Told by the event loop when `events` is readable. Node has sockets of pipes, and none of other descriptors: one of a pipe is made, and what
 * it reads is exchanged before it does.
 */
function wakenBy(kernel: Kernel, events: number, signalled: () => void): Socket {
  const [read, write] = kernel.pipe();
  const callback = (): boolean => (signalled(), true);
  const socket = new Socket({
    fd: read,
    readable: true,
    writable: false,
    onread: { buffer: Buffer.alloc(64), callback },
  });
  kernel.duplicate(events, read);
  kernel.close(write);
  socket.resume();
  return socket;
}
