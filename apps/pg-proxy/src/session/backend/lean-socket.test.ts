import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import type { RingSockets, TakeChunk } from '@medrex/linux';
import { spawnSync } from 'node:child_process';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { openRing } from '../../open-ring.ts';
import { leanSocket, type ReadSocket } from './lean-socket.ts';

interface Pair {
  readonly near: Socket;
  readonly far: ReadSocket;
  close(): Promise<void>;
}

let pair: Pair;
let ring: RingSockets | undefined;
afterEach(async () => {
  await pair.close();
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
  const far = leanSocket(given, take, ring);
  const closed = new Promise<void>((done) => server.close(() => done()));
  return { near, far, close: async () => (near.destroy(), await closed) };
}

describe.each([['the event loop'], ['a ring, where there is one']])('a lean socket that is read by %s', (by) => {
  beforeEach(() => {
    const none = { hasNone: () => undefined, failed: () => undefined };
    ring = openRing({ ioUring: by.startsWith('a ring') }, none);
  });

  it('gives out every byte in order, whether its memory is used again or not', async () => {
    for (const isFree of [() => true, () => false, (chunk: Buffer) => chunk.length % 2 === 0]) {
      const got: Buffer[] = [];
      const kept: [Buffer, Buffer][] = [];
      let bytes = 0;
      const sent = Buffer.from(Array.from({ length: 700_000 }, (_, at) => (at * 7 + (at >> 8)) & 0xff));
      let enough: () => void = () => undefined;
      const all = new Promise<void>((resolve) => (enough = resolve));
      pair = await pairOf((memory, length) => {
        const chunk = memory.subarray(0, length);
        const mayBeUsed = isFree(chunk);
        got.push(Buffer.from(chunk));
        if (!mayBeUsed) kept.push([chunk, Buffer.from(chunk)]);
        bytes += chunk.length;
        if (bytes === sent.length + 5) enough();
        return mayBeUsed;
      }, 'early');
      pair.far.start();
      for (let at = 0; at < sent.length; at += 9_001) pair.near.write(sent.subarray(at, at + 9_001));
      await all;
      expect(Buffer.concat(got).equals(Buffer.concat([Buffer.from('early'), sent]))).toBe(true);
      // What was not free is still what it was.
      expect(kept.every(([chunk, copy]) => chunk.equals(copy))).toBe(true);
      pair.near.destroy();
    }
  });

  it('stands still while it is paused, writes, and tells of the end; its server knows that it is gone', async () => {
    const got: string[] = [];
    pair = await pairOf((memory, bytes) => got.push(memory.toString('utf8', 0, bytes)) > 0);
    const answered = new Promise<string>((answer) => pair.near.once('data', (data: Buffer) => answer(data.toString())));
    pair.near.write('one');
    await new Promise((wait) => setTimeout(wait, 20));
    expect(got).toEqual([]);
    pair.far.start();
    pair.far.socket.write('answer');
    expect(await answered).toBe('answer');
    await eventually(() => got.length === 1);
    pair.far.socket.pause();
    pair.near.write('two');
    await new Promise((wait) => setTimeout(wait, 20));
    expect(got).toEqual(['one']);
    const ended = new Promise<void>((end) => pair.far.socket.once('close', () => end()));
    pair.far.socket.resume();
    pair.near.end();
    await ended;
    expect(got).toEqual(['one', 'two']);
  });

  it('keeps nobody in memory who had a connection that is closed, as sockets of Node do until the next full collection', () => {
    const wordsOfSession = 12_500;
    const flags = ['--conditions=@medrex/source', '--disable-warning=ExperimentalWarning', '--expose-gc'];
    const child = join(import.meta.dirname, '../../testing/closed-connections.ts');
    const asked = [...flags, child, ring === undefined ? 'event loop' : 'ring', String(wordsOfSession)];
    const { stdout, stderr } = spawnSync(process.execPath, asked, { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^-?\d+\n$/);
    expect(Number(stdout)).toBeLessThan((wordsOfSession * 8) / 2);
  });
});
