import { Buffer } from 'node:buffer';
import { Socket, type Server, type SocketConstructorOpts } from 'node:net';
import { writeSync } from 'node:fs';
import { TLSSocket } from 'node:tls';
import { RingSocket, type RingSockets, type TakeChunk } from '@medrex/linux';
import { tcpOptions } from '../../tcp-options.ts';

/** Undocumented parts of Node's sockets; where they are missing, the functions below do nothing. */
interface Inner {
  _handle?: Handle | null;
  _server?: object | null;
}

interface Handle {
  reading: boolean;
  readStop(): void;
  readonly fd?: number;
}

/** The same for servers. */
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

/** A socket that is read once `start` is called. */
export interface ReadSocket {
  readonly socket: Socket;
  readonly start: () => void;
}

/**
 * Returns the same connection as a socket that reads into reused memory (`onread` of node:net). A stream allocates 64 KiB for each chunk
 * and cuts it to size, which is a fifth of a pooler's cost of a transaction. A TLS socket is returned unchanged.
 *
 * @param given paused and without listeners; must not be used afterwards
 * @param ring reads and writes it; undefined: the event loop does
 */
export function withReusedBuffer(given: Socket, taker: TakeChunk, ring?: RingSockets): ReadSocket {
  let taking: TakeChunk | undefined = taker;
  const take: TakeChunk = (memory, bytes) => taking?.(memory, bytes) ?? true;
  const read = readSocketOf(given, take, ring);
  read.socket.once('close', () => {
    taking = undefined;
    releaseSocket(read.socket);
  });
  return read;
}

const ignoreError = (): void => undefined;

/**
 * Removes all references from a closed connection's socket. Every Node stream holds a function that V8 allocates in the old generation (a
 * function literal assigned to a property: CheckAssigningFunctionLiteralToProperty in its parser), so the socket, and all that it refers to
 * (formerly a whole session), would survive until the next full collection.
 */
export function releaseSocket(socket: Socket): void {
  // One by one: removing all listeners at once keeps the list object, which ends up in the old generation, too.
  for (const name of socket.eventNames()) socket.removeAllListeners(name);
  socket.on('error', ignoreError);
}

/**
 * Makes the server's connections sockets of the ring from the start. They are announced by 'connection', like Node's own; otherwise Node
 * creates a socket first, and a login pays for two.
 *
 * @param server must be listening
 */
export function acceptByRing(server: Server, ring: RingSockets): void {
  const inner = server as unknown as InnerServer;
  const listening = inner._handle;
  const byNode = listening?.onconnection;
  if (!listening || byNode === undefined || inner._connections === undefined) return;
  const accept = (failed: number, handle?: Handle): void => {
    if (failed !== 0 || handle === undefined || !ring.canServe(handle)) return byNode.call(listening, failed, handle);
    const socket = ringSocketOf(handle, ring);
    (socket as unknown as Inner)._server = server;
    inner._connections = (inner._connections ?? 0) + 1;
    server.emit('connection', socket);
  };
  // On Linux an accepted connection inherits the options of the listening socket.
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
  if (given instanceof RingSocket) return startable(given, take, early);
  handle.readStop();
  handle.reading = false;
  inner._handle = null;
  const socket = ring?.canServe(handle) === true ? ringSocketOf(handle, ring) : socketOf(handle, take);
  // The server counts its connections by this property.
  (socket as unknown as Inner)._server = inner._server ?? null;
  inner._server = null;
  return startable(socket, take, early);
}

function socketOf(handle: Handle, take: TakeChunk): Socket {
  return new Socket({ onread: growingBuffer(take), ...({ handle, manualStart: true } as object) });
}

function ringSocketOf(handle: Handle, ring: RingSockets): RingSocket {
  const onread = growingBuffer((memory, bytes) => socket.deliver(memory, bytes));
  const socket: RingSocket = new RingSocket(ring, { handle, onread });
  return socket;
}

/** @param early data that arrived before the socket was taken over */
function startable(socket: Socket, take: TakeChunk, early: Buffer | null): ReadSocket {
  if (socket instanceof RingSocket) socket.taker = take;
  const start = (): void => {
    if (early !== null) take(early, early.length);
    socket.resume();
  };
  return { socket, start };
}

/** Sends bytes from `from` to `to` at once, as far as the peer accepts them; returns how far that was. The rest is left to the stream. */
export type SendNow = (bytes: Buffer, from: number, to: number) => number;

/** The file descriptor of a connection; -1: unknown. */
export const descriptorOf = (socket: Socket): number => (socket as unknown as Inner)._handle?.fd ?? -1;

/** Writes past the socket's stream, whose bookkeeping costs more than the system call. */
export function sendNowOf(socket: Socket): SendNow {
  if (socket instanceof RingSocket) return (bytes, from, to) => socket.put(bytes, from, to);
  const descriptor = socket instanceof TLSSocket ? -1 : descriptorOf(socket);
  if (descriptor < 0) return (_, from) => from;
  return (bytes, from, to) => {
    if (socket.writableLength > 0 || socket.writableCorked > 0) return from;
    try {
      return from + writeSync(descriptor, bytes, from, to - from);
    } catch {
      // The peer accepts nothing at the moment, or is gone: the stream finds out which, and waits.
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

/** Shared first buffer: a socket that is read by the ring never needs one of its own. */
const firstMemory = Buffer.allocUnsafeSlow(smallBytes);

/** A read buffer that grows when a chunk fills it and shrinks when a chunk does not. */
function growingBuffer(take: TakeChunk): NonNullable<SocketConstructorOpts['onread']> {
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
