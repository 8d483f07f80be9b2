import { Buffer } from 'node:buffer';
import { Socket, type Server, type SocketConstructorOpts } from 'node:net';
import { writeSync } from 'node:fs';
import { TLSSocket } from 'node:tls';
import { RingSocket, type RingSockets, type TakeChunk } from '@medrex/linux';
import { tcpOptions } from '../../tcp-options.ts';

/** What of a socket is Node's own and not in its documentation; where it is not there, nothing here is done. */
interface Inner {
  _handle?: Handle | null;
  _server?: object | null;
}

interface Handle {
  reading: boolean;
  readStop(): void;
  readonly fd?: number;
}

/** And of a server. */
interface InnerServer {
  readonly _handle?: {
    onconnection?: (failed: number, handle?: Handle) => void;
    setNoDelay?(isOn: boolean): void;
    setKeepAlive?(isOn: boolean, initialSeconds: number): void;
  } | null;
  _connections?: number;
}

const smallBytes = 4 * 1024;
const largeBytes = 64 * 1024;

/** A socket that is read from `start()` on. */
export interface ReadSocket {
  readonly socket: Socket;
  readonly start: () => void;
}

/**
 * The same connection as a socket that reads into memory of its own (`onread` of node:net), which is used again and again: a stream
 * allocates 64 KiB for every chunk and cuts them down to its size, which is a fifth of what a transaction costs a pooler. A socket in TLS
 * stays as it is.
 *
 * @param given paused and without listeners; it must not be used any more
 * @param ring reads and writes it; undefined: the event loop does
 */
export function leanSocket(given: Socket, taker: TakeChunk, ring?: RingSockets): ReadSocket {
  let taking: TakeChunk | undefined = taker;
  const take: TakeChunk = (memory, bytes) => taking?.(memory, bytes) ?? true;
  const read = readSocketOf(given, take, ring);
  read.socket.once('close', () => {
    taking = undefined;
    letGo(read.socket);
  });
  return read;
}

const unheard = (): void => undefined;

/**
 * Of a connection that is closed: its socket refers to nobody any more. Every stream of Node has a function that V8 makes old at once (a
 * literal that is assigned to a property: CheckAssigningFunctionLiteralToProperty of its parser), and what an old object refers to outlives
 * all collections of young ones. So each socket stays until the next full one, and with it all that it refers to, which was a whole session.
 */
export function letGo(socket: Socket): void {
  // Name by name: all at once leaves the list of them as it is, which V8 makes old, too, when many of them have lived long.
  for (const name of socket.eventNames()) socket.removeAllListeners(name);
  socket.on('error', unheard);
}

/**
 * Its connections are the ring's from the beginning. They are told of by 'connection' as Node's are, which makes a socket of its own for each:
 * a login then paid for two.
 *
 * @param server listens
 */
export function acceptByRing(server: Server, ring: RingSockets): void {
  const inner = server as unknown as InnerServer;
  const listening = inner._handle;
  const byNode = listening?.onconnection;
  if (!listening || byNode === undefined || inner._connections === undefined) return;
  const accept = (failed: number, handle?: Handle): void => {
    if (failed !== 0 || handle === undefined || !ring.takes(handle)) return byNode.call(listening, failed, handle);
    const socket = ringSocketOf(handle, ring);
    (socket as unknown as Inner)._server = server;
    inner._connections = (inner._connections ?? 0) + 1;
    server.emit('connection', socket);
  };
  // On Linux connections have the options of the socket by which they came.
  listening.setNoDelay?.(tcpOptions.noDelay);
  listening.setKeepAlive?.(tcpOptions.keepAlive, tcpOptions.keepAliveInitialDelay / 1_000);
  listening.onconnection = accept;
}

function readSocketOf(given: Socket, take: TakeChunk, ring: RingSockets | undefined): ReadSocket {
  const inner = given as unknown as Inner;
  const handle = inner._handle;
  if (given instanceof TLSSocket || given.destroyed || handle === undefined || handle === null)
    return asStream(given, take);
  const early = given.read() as Buffer | null;
  if (given instanceof RingSocket) return takenBy(given, take, early);
  handle.readStop();
  handle.reading = false;
  inner._handle = null;
  const socket = ring?.takes(handle) === true ? ringSocketOf(handle, ring) : socketOf(handle, take);
  // A server counts its connections by this.
  (socket as unknown as Inner)._server = inner._server ?? null;
  inner._server = null;
  return takenBy(socket, take, early);
}

function socketOf(handle: Handle, take: TakeChunk): Socket {
  return new Socket({ onread: reading(take), ...({ handle, manualStart: true } as object) });
}

function ringSocketOf(handle: Handle, ring: RingSockets): RingSocket {
  const onread = reading((memory, bytes) => socket.tell(memory, bytes));
  const socket: RingSocket = new RingSocket(ring, { handle, onread });
  return socket;
}

/** @param early what came before it was taken */
function takenBy(socket: Socket, take: TakeChunk, early: Buffer | null): ReadSocket {
  if (socket instanceof RingSocket) socket.taker = take;
  const start = (): void => {
    if (early !== null) take(early, early.length);
    socket.resume();
  };
  return { socket, start };
}

/** Sends at once what lies from `from` to `to`, as far as the peer takes it; tells up to where that is. What is behind is the stream's. */
export type SendNow = (bytes: Buffer, from: number, to: number) => number;

/** By which the system knows a connection that is read by nobody else; -1: it does not. */
export const descriptorOf = (socket: Socket): number => (socket as unknown as Inner)._handle?.fd ?? -1;

/** Past the stream of a socket, which would spend more on it than the system does. */
export function sendingBy(socket: Socket): SendNow {
  if (socket instanceof RingSocket) return (bytes, from, to) => socket.put(bytes, from, to);
  const descriptor = socket instanceof TLSSocket ? -1 : descriptorOf(socket);
  if (descriptor < 0) return (_, from) => from;
  return (bytes, from, to) => {
    if (socket.writableLength > 0 || socket.writableCorked > 0) return from;
    try {
      return from + writeSync(descriptor, bytes, from, to - from);
    } catch {
      // The peer takes nothing now, or is gone: its socket tells which, and waits.
      return from;
    }
  };
}

function asStream(socket: Socket, take: TakeChunk): ReadSocket {
  const start = (): void => {
    socket.on('data', (chunk: Buffer) => take(chunk, chunk.length));
    socket.resume();
  };
  return { socket, start };
}

/** What all read into first: many sockets are read by a ring, and never need any of their own. */
const firstMemory = Buffer.allocUnsafeSlow(smallBytes);

/** Memory that grows when a chunk fills it and shrinks when one does not. */
function reading(take: TakeChunk): NonNullable<SocketConstructorOpts['onread']> {
  let size = smallBytes;
  let next: Buffer | undefined = firstMemory;
  return {
    buffer: () => {
      const memory = next;
      next = undefined;
      return memory as unknown as Uint8Array;
    },
    callback: (bytes, buffer) => {
      const isFirst = buffer === firstMemory;
      const isFree = take(isFirst ? Buffer.from(buffer.subarray(0, bytes)) : (buffer as Buffer), bytes);
      const wanted = bytes === buffer.length ? largeBytes : bytes < smallBytes ? smallBytes : size;
      if (isFirst || !isFree || wanted !== size) next = Buffer.allocUnsafeSlow(wanted);
      size = wanted;
      return true;
    },
  };
}
