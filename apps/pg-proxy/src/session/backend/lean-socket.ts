import { Buffer } from 'node:buffer';
import { Socket, type SocketConstructorOpts } from 'node:net';
import { writeSync } from 'node:fs';
import { TLSSocket } from 'node:tls';
import { RingSocket, type RingSockets, type TakeChunk } from '@medrex/linux';

/** What of a socket is Node's own and not in its documentation; where it is not there, nothing here is done. */
interface Inner {
  _handle?: { reading: boolean; readStop(): void; readonly fd?: number } | null;
  _server?: object | null;
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

function readSocketOf(given: Socket, take: TakeChunk, ring: RingSockets | undefined): ReadSocket {
  const inner = given as unknown as Inner;
  const handle = inner._handle;
  if (given instanceof TLSSocket || given.destroyed || handle === undefined || handle === null)
    return asStream(given, take);
  const early = given.read() as Buffer | null;
  handle.readStop();
  handle.reading = false;
  inner._handle = null;
  const onread = reading(take);
  const socket =
    ring?.takes(handle) === true
      ? new RingSocket(ring, take, { handle, onread })
      : new Socket({ onread, ...({ handle, manualStart: true } as object) });
  // A server counts its connections by this.
  (socket as unknown as Inner)._server = inner._server ?? null;
  inner._server = null;
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

/** Memory that grows when a chunk fills it and shrinks when one does not. */
function reading(take: TakeChunk): NonNullable<SocketConstructorOpts['onread']> {
  let size = smallBytes;
  let mustChange = true;
  return {
    buffer: () => {
      if (!mustChange) return undefined as unknown as Uint8Array;
      mustChange = false;
      return Buffer.allocUnsafeSlow(size);
    },
    callback: (bytes, buffer) => {
      const isFree = take(buffer as Buffer, bytes);
      const wanted = bytes === buffer.length ? largeBytes : bytes < smallBytes ? smallBytes : size;
      mustChange = !isFree || wanted !== size;
      size = wanted;
      return true;
    },
  };
}
