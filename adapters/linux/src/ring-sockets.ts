import { Buffer } from 'node:buffer';
import { Socket } from 'node:net';
import { openKernel, type Kernel } from './kernel.ts';
import { Ring, type CompletionHandler } from './ring.ts';

/** The most bytes of one `put` that the ring copies and sends; more is written directly. */
export const sentBytesMax = 16 * 1024;
const outgoingBytes = 256 * 1024;
/** Consecutive turns of the ring before the event loop runs. */
const turnsMax = 16;

/** `then` on it runs as soon as `queueMicrotask`, but without creating an async resource. */
const settled = Promise.resolve();

/** A socket as the ring sees it. */
export interface ServedSocket {
  /** Undefined once the socket is destroyed. */
  readonly descriptor: number | undefined;
  /** Its last receive filled the buffer: the next one gets a large buffer. */
  readonly readsMuch: boolean;
  /** Offset and length of its bytes in `RingSockets.outgoing`, and whether it is queued to be sent in the next turn. */
  outgoingAt: number;
  outgoing: number;
  isSending: boolean;
  /** Its index in the table of the ring's sockets, given by `register`. */
  readonly id: number;
  /** Completion of a send. @param result bytes sent, or minus an errno */
  sent(result: number): void;
  /** Completion of a receive: bytes in `memory`, or minus an errno. Returns true when nothing refers to `memory` any more. */
  received(result: number, memory: Buffer | undefined): boolean;
  /** The ring has failed: the socket must go on without it. */
  ringFailed(): void;
}

/**
 * The sockets of a thread that are read and written by an io_uring. Each turn submits what they have requested since the last one and
 * hands them their completions. When no receive completes, the ring waits until its eventfd wakes the event loop.
 */
export class RingSockets implements CompletionHandler {
  /** Bytes that the next turn sends. */
  readonly outgoing = Buffer.allocUnsafeSlow(outgoingBytes);
  readonly #outgoingAddress: number;
  readonly #kernel: Kernel;
  readonly #ring: Ring;
  readonly #wakeSocket: Socket;
  readonly #failed: (error: Error) => void;
  readonly #sockets: (ServedSocket | undefined)[] = [];
  readonly #freeIds: number[] = [];
  #count = 0;
  #outgoingEnd = 0;
  #toSend: ServedSocket[] = [];
  #toReceive: ServedSocket[] = [];
  #toCancel: number[] = [];
  /** A turn is running or scheduled. */
  #isAwake = false;
  #turns = 0;
  #isClosing = false;
  #isClosed = false;
  readonly #turn = (): void => this.#takeTurn();

  /**
   * @param failed called once if the ring stops working; its sockets go on without it
   * @throws Error io_uring is not available, or this process may not use it
   */
  static open(failed: (error: Error) => void, kernel: Kernel = openKernel()): RingSockets {
    const opened: number[] = [];
    const recorded = (descriptor: number): number => (opened.push(descriptor), descriptor);
    const recording: Kernel = {
      ...kernel,
      setup: (...args) => recorded(kernel.setup(...args)),
      eventDescriptor: () => recorded(kernel.eventDescriptor()),
    };
    try {
      return new RingSockets(kernel, new Ring(recording), failed);
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
    this.#wakeSocket = wakeSocketOf(kernel, ring.events, () => this.#onSignal());
    this.#wakeSocket.unref();
    ring.isSilent = false;
  }

  /** Whether a connection can be served by the ring: the ring is open, and the handle has a descriptor. */
  canServe(handle: { readonly fd?: number }): boolean {
    return !this.#isClosing && !this.#isClosed && handle.fd !== undefined && handle.fd >= 0;
  }

  /** Adds a socket and returns its id. */
  register(socket: ServedSocket): number {
    if (this.#count++ === 0) this.#wakeSocket.ref();
    const id = this.#freeIds.pop() ?? this.#sockets.length;
    this.#sockets[id] = socket;
    return id;
  }

  /** Removes a socket and frees its id; nothing of it may be in flight. */
  release(id: number): void {
    this.#sockets[id] = undefined;
    this.#freeIds.push(id);
    if (--this.#count > 0) return;
    this.#wakeSocket.unref();
    // Deferred: this may be called within a turn, which still uses the ring.
    if (this.#isClosing) queueMicrotask(() => this.#closeIfUnused());
  }

  /** Closes the ring as soon as it has no sockets. */
  close(): void {
    this.#isClosing = true;
    if (this.#count === 0) this.#closeIfUnused();
  }

  /** Requests one receive for a socket, which must have none in flight. */
  receive(socket: ServedSocket): void {
    this.#toReceive.push(socket);
    this.#scheduleTurn();
  }

  /** Cancels the receive of a socket, which still completes. */
  cancel(id: number): void {
    this.#toCancel.push(id);
    this.#scheduleTurn();
  }

  /** Appends bytes to those that the socket sends in the next turn. False: `outgoing` has no room for them. */
  put(socket: ServedSocket, bytes: Buffer, from: number, to: number): boolean {
    const end = this.#outgoingEnd;
    const before = socket.outgoing;
    const isLast = before > 0 && socket.outgoingAt + before === end;
    const wanted = to - from + (isLast ? 0 : before);
    if (end + wanted > outgoingBytes) return false;
    if (!isLast) {
      if (before > 0) this.outgoing.copyWithin(end, socket.outgoingAt, socket.outgoingAt + before);
      socket.outgoingAt = end;
    }
    bytes.copy(this.outgoing, socket.outgoingAt + before, from, to);
    socket.outgoing = before + to - from;
    this.#outgoingEnd = end + wanted;
    if (!socket.isSending) this.#toSend.push(socket);
    socket.isSending = true;
    this.#scheduleTurn();
    return true;
  }

  /** Shuts down the sending side now. Node would do it in the next iteration of the event loop, which is late when many sockets end. */
  shutDown(descriptor: number): void {
    this.#kernel.shutDown(descriptor);
  }

  sent(id: number, result: number): void {
    this.#sockets[id]?.sent(result);
  }

  received(id: number, result: number, memory: Buffer | undefined): boolean {
    return this.#sockets[id]?.received(result, memory) ?? true;
  }

  /** In `setImmediate`, so that what other sockets (TLS too) cause in this iteration of the event loop goes out in the same system call. */
  #scheduleTurn(): void {
    if (this.#isAwake) return;
    this.#wakeUp();
    setImmediate(this.#turn);
  }

  #onSignal(): void {
    if (this.#isAwake) return;
    this.#wakeUp();
    this.#takeTurn();
  }

  #wakeUp(): void {
    this.#isAwake = true;
    this.#turns = 0;
    this.#ring.isSilent = true;
  }

  #takeTurn(): void {
    if (this.#isClosed) return;
    try {
      if (this.#runOnce()) return this.#repeatTurn();
      // Completions posted before this line have not signalled `events`, hence the second look; later ones do.
      this.#ring.isSilent = false;
      this.#isAwake = this.#runOnce();
      if (!this.#isAwake) return;
      this.#ring.isSilent = true;
      this.#repeatTurn();
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  /** In a microtask, so promise callbacks run first; every `turnsMax` turns in `setImmediate`, so timers and other sockets run too. */
  #repeatTurn(): void {
    if (++this.#turns % turnsMax === 0) setImmediate(this.#turn);
    else void settled.then(this.#turn);
  }

  /** Submits all requests and handles completions. Returns whether a receive completed. */
  #runOnce(): boolean {
    if (this.#toCancel.length > 0) this.#submitCancels();
    if (this.#toSend.length > 0) this.#submitSends();
    if (this.#toReceive.length > 0) this.#submitReceives();
    if (!this.#ring.needsEnter) return false;
    this.#ring.enter();
    this.#outgoingEnd = 0;
    return this.#ring.processCompletions(this);
  }

  /** Called before the other submissions: a new socket may have got the id of a cancelled one. */
  #submitCancels(): void {
    const cancels = this.#toCancel;
    this.#toCancel = [];
    for (const id of cancels) this.#ring.cancel(id);
  }

  #submitSends(): void {
    const sends = this.#toSend;
    this.#toSend = [];
    for (const socket of sends) {
      socket.isSending = false;
      const { descriptor, outgoing } = socket;
      if (descriptor !== undefined && outgoing > 0)
        this.#ring.send(socket.id, descriptor, this.#outgoingAddress + socket.outgoingAt, outgoing);
    }
  }

  #submitReceives(): void {
    const receives = this.#toReceive;
    this.#toReceive = [];
    for (const socket of receives) {
      const { descriptor } = socket;
      if (descriptor === undefined) socket.received(cancelled, undefined);
      else this.#ring.receive(socket.id, descriptor, socket.readsMuch);
    }
  }

  /** The kernel refused the ring: closes it and lets every socket go on without it. */
  #fail(error: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // Completions of what the kernel took before.
    try {
      this.#ring.processCompletions(this);
    } catch {
      // Overflowed completions are lost with the ring.
    }
    this.#closeRing();
    for (const socket of [...this.#sockets]) socket?.ringFailed();
    this.#failed(error);
  }

  #closeIfUnused(): void {
    if (this.#isClosed || this.#count > 0) return;
    this.#isClosed = true;
    this.#closeRing();
  }

  #closeRing(): void {
    // Prevents further turns.
    this.#isAwake = true;
    this.#ring.close();
    this.#wakeSocket.destroy();
  }
}

/** ECANCELED. */
const cancelled = -125;

/**
 * A socket by which the event loop calls `onSignal` when the eventfd `events` is readable. Node wraps pipes but no other descriptors, so
 * it is created for a pipe, whose descriptor is then replaced by the eventfd.
 */
function wakeSocketOf(kernel: Kernel, events: number, onSignal: () => void): Socket {
  const [read, write] = kernel.pipe();
  const callback = (): boolean => (onSignal(), true);
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
