import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import { RingSocket, type RingSockets, type TakeChunk } from '@medrex/linux';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { openRing } from '../../open-ring.ts';
import { acceptByRing, withReusedBuffer, type ReadSocket } from './read-socket.ts';

interface Pair {
  readonly near: Socket;
  readonly far: ReadSocket;
  close(): Promise<void>;
}

let pair: Pair | undefined;
let ring: RingSockets | undefined;
afterEach(async () => {
  await pair?.close();
  pair = undefined;
  ring?.close();
});

/** A client and the server's side of it, which has read `early` before it was made lean. */
async function pairOf(take: TakeChunk, early = ''): Promise<Pair> {
  const server = createServer({ pauseOnConnect: true });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const accepted = new Promise<Socket>((accept) => server.once('connection', accept));
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const given = await accepted;
  if (early !== '') given.unshift(Buffer.from(early));
  const far = withReusedBuffer(given, take, ring);
  const closed = new Promise<void>((done) => server.close(() => done()));
  return { near, far, close: async () => (near.destroy(), await closed) };
}

describe.each([['the event loop'], ['a ring, where there is one']])('a lean socket that is read by %s', (by) => {
  beforeEach(() => {
    const none = { unavailable: () => undefined, failed: () => undefined };
    ring = openRing({ ioUring: by.startsWith('a ring') }, none);
  });

  it('delivers every byte in order, whether its memory is reused or not', async () => {
    for (const isFree of [() => true, () => false, (chunk: Buffer) => chunk.length % 2 === 0]) {
      const got: Buffer[] = [];
      const kept: [Buffer, Buffer][] = [];
      let bytes = 0;
      const sent = Buffer.from(Array.from({ length: 700_000 }, (_, at) => (at * 7 + (at >> 8)) & 0xff));
      let enough: () => void = () => undefined;
      const all = new Promise<void>((resolve) => (enough = resolve));
      const made = await pairOf((memory, length) => {
        const chunk = memory.subarray(0, length);
        const mayBeUsed = isFree(chunk);
        got.push(Buffer.from(chunk));
        if (!mayBeUsed) kept.push([chunk, Buffer.from(chunk)]);
        bytes += chunk.length;
        if (bytes === sent.length + 5) enough();
        return mayBeUsed;
      }, 'early');
      pair = made;
      made.far.start();
      for (let at = 0; at < sent.length; at += 9_001) made.near.write(sent.subarray(at, at + 9_001));
      await all;
      expect(Buffer.concat(got).equals(Buffer.concat([Buffer.from('early'), sent]))).toBe(true);
      // What was not free is still what it was.
      expect(kept.every(([chunk, copy]) => chunk.equals(copy))).toBe(true);
      made.near.destroy();
    }
  });

  it('stops while paused, writes, and reports the end; its server notices that it is gone', async () => {
    const got: string[] = [];
    pair = await pairOf((memory, bytes) => got.push(memory.toString('utf8', 0, bytes)) > 0);
    const { near, far } = pair;
    const answered = new Promise<string>((answer) => near.once('data', (data: Buffer) => answer(data.toString())));
    near.write('one');
    await new Promise((wait) => setTimeout(wait, 20));
    expect(got).toEqual([]);
    far.start();
    far.socket.write('answer');
    expect(await answered).toBe('answer');
    await eventually(() => got.length === 1);
    far.socket.pause();
    near.write('two');
    await new Promise((wait) => setTimeout(wait, 20));
    expect(got).toEqual(['one']);
    const ended = new Promise<void>((end) => far.socket.once('close', () => end()));
    far.socket.resume();
    near.end();
    await ended;
    expect(got).toEqual(['one', 'two']);
  });
});

describe('connections that a ring has from the beginning', () => {
  it('are announced by data until they are taken, and deliver in order', async () => {
    ring = openRing({ ioUring: true }, { unavailable: () => undefined, failed: () => undefined });
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    if (ring !== undefined) acceptByRing(server, ring);
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [given] = await accepted;
    expect(given instanceof RingSocket).toBe(ring !== undefined);
    expect(given.remotePort).toBe((near.address() as AddressInfo).port);
    const got: string[] = [];
    const onData = (chunk: Buffer): unknown => got.push(`data ${chunk.toString()}`);
    given.on('data', onData);
    near.write('one');
    await eventually(() => got.length === 1);
    // As an arrival does that has read more than it needs.
    given.off('data', onData);
    given.pause();
    given.unshift(Buffer.from('two'));
    near.write('three');
    given.on('data', onData);
    expect(got).toHaveLength(1);
    given.resume();
    await eventually(() => got.join().includes('three'));
    expect(got).toEqual(['data one', 'data two', 'data three']);
    given.off('data', onData);
    given.pause();
    given.unshift(Buffer.from('four'));
    near.write('five');
    const far = withReusedBuffer(given, (memory, bytes) => got.push(memory.toString('utf8', 0, bytes)) > 0, ring);
    far.start();
    await eventually(() => got.length === 5);
    expect(got.slice(3)).toEqual(['four', 'five']);
    const [counted, ended] = [(): Promise<number> => countOf(server), once(far.socket, 'close')];
    expect(await counted()).toBe(1);
    near.end('six');
    await ended;
    expect(got.at(-1)).toBe('six');
    expect(await counted()).toBe(0);
    pair = { near, far, close: () => new Promise((done) => server.close(() => done())) };
  });
});

const countOf = (server: Server): Promise<number> =>
  new Promise((counted) => server.getConnections((_, count) => counted(count)));

it.each(['the event loop', 'a ring', 'a ring from the beginning'])(
  'keeps nothing of a closed connection in memory, unlike the sockets of Node until the next full collection: %s',
  (by) => {
    const wordsOfSession = 12_500;
    const flags = ['--conditions=@medrex/source', '--disable-warning=ExperimentalWarning', '--expose-gc'];
    const child = join(import.meta.dirname, '../../testing/closed-connections.ts');
    const asked = [...flags, child, by.replace(/^(?:the|a) /, ''), String(wordsOfSession)];
    const { stdout, stderr } = spawnSync(process.execPath, asked, { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^-?\d+\n$/);
    expect(Number(stdout)).toBeLessThan((wordsOfSession * 8) / 2);
  },
);
