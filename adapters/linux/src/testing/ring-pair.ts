import { once } from 'node:events';
import { connect, createServer, Socket, type AddressInfo } from 'node:net';
import { RingSocket, type TakeChunk } from '../ring-socket.ts';
import type { RingSockets } from '../ring-sockets.ts';

/** Both ends of a connection: `near` is a Node socket, `far` is a socket of the ring. */
export interface RingPair {
  readonly near: Socket;
  readonly far: RingSocket;
}

interface Inner {
  _handle: { reading: boolean; readStop(): void } | null;
}

/** A TCP connection on the loopback interface. */
export async function ringPair(ring: RingSockets, take: TakeChunk): Promise<RingPair> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const accepted = new Promise<Socket>((accept) => server.once('connection', accept));
  const near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  near.on('error', () => undefined);
  const [given] = await Promise.all([accepted, once(near, 'connect')]);
  server.close();
  return { near, far: ringSocketOf(given, ring, take) };
}

export function ringSocketOf(given: Socket, ring: RingSockets, take: TakeChunk): RingSocket {
  const inner = given as unknown as Inner;
  const handle = inner._handle as NonNullable<Inner['_handle']>;
  handle.readStop();
  handle.reading = false;
  inner._handle = null;
  const memory = Buffer.alloc(65_536);
  const onread = {
    buffer: memory,
    callback: (bytes: number): boolean => (take(Buffer.from(memory.subarray(0, bytes)), bytes), true),
  };
  const socket = new RingSocket(ring, { handle, taker: take, onread });
  socket.allowHalfOpen = true;
  socket.on('error', () => undefined);
  return socket;
}
