import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import { assert, asyncProperty, array, boolean, constantFrom, integer, record } from 'fast-check';
import { openKernel, type Kernel } from './kernel.ts';
import { RingSockets } from './ring-sockets.ts';
import { ringPair, ringSocketOf, type RingPair } from './testing/ring-pair.ts';

function hasRing(): boolean {
  try {
    RingSockets.open(() => undefined).close();
    return true;
  } catch {
    return false;
  }
}

function bytesOf(length: number, from: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = ((from + at) * 31 + ((from + at) >> 8)) & 0xff;
  return bytes;
}
const tick = (ms = 0): Promise<void> => new Promise((resume) => setTimeout(resume, ms));

/** Sends as the proxy's outbox does: bytes that the ring does not take are written to the stream. */
function send({ far }: RingPair, bytes: Buffer): void {
  const sent = far.put(bytes, 0, bytes.length);
  if (sent < bytes.length) far.write(Buffer.from(bytes.subarray(sent)));
}

// The kernel has no io_uring, or a container runtime forbids it: connections go by epoll there.
const isThere = hasRing();
(isThere ? describe : describe.skip)(`RingSockets${isThere ? '' : ' (skipped: no io_uring)'}`, () => {
  let ring: RingSockets;
  let failures: Error[];
  const pairs: RingPair[] = [];
  const heard: Buffer[][] = [];

  const pair = async (
    isFree: (chunk: Buffer) => boolean = () => true,
  ): Promise<RingPair & { readonly heard: Buffer[] }> => {
    const got: Buffer[] = [];
    const made = await ringPair(ring, (memory, bytes) => {
      const chunk = memory.subarray(0, bytes);
      const mayBeUsed = isFree(chunk);
      got.push(mayBeUsed ? Buffer.from(chunk) : chunk);
      return mayBeUsed;
    });
    pairs.push(made);
    heard.push(got);
    return { ...made, heard: got };
  };
  /** A pair whose far end was paused before `text` was sent to it. */
  const pausedPair: (text: string) => ReturnType<typeof pair> = async (text) => {
    const made = await pair();
    made.far.resume();
    await tick();
    made.far.pause();
    made.near.write(text);
    await tick(20);
    return made;
  };
  /** Replaces the ring by one that the kernel refuses once the returned function is called. */
  const breakable = (): (() => void) => {
    ring.close();
    const kernel = openKernel();
    let isBroken = false;
    const breaking: Kernel = { ...kernel, enter: (...args) => (isBroken ? -9 : kernel.enter(...args)) };
    ring = RingSockets.open((error) => failures.push(error), breaking);
    return () => (isBroken = true);
  };
  const heardBytes = (got: readonly Buffer[]): number => got.reduce((sum, { length }) => sum + length, 0);

  beforeEach(() => {
    failures = [];
    ring = RingSockets.open((error) => failures.push(error));
  });
  afterEach(() => {
    for (const { near, far } of pairs.splice(0)) for (const socket of [near, far]) socket.destroy();
    ring.close();
  });

  it('delivers every byte in order in both directions, whichever side is slow', async () => {
    const step = record({
      kind: constantFrom('put', 'write', 'send', 'cork', 'pause', 'resume', 'rest', 'restNear', 'resumeNear', 'tick'),
      bytes: integer({ min: 1, max: 40_000 }),
      isSmall: boolean(),
    });
    await assert(
      asyncProperty(array(step, { minLength: 5, maxLength: 60 }), boolean(), async (steps, isKept) => {
        const { near, far, heard: got } = await pair((chunk) => !isKept && chunk.length % 3 > 0);
        const back: Buffer[] = [];
        near.on('data', (chunk) => back.push(Buffer.from(chunk)));
        let [there, here] = [0, 0];
        far.resume();
        for (const { kind, bytes, isSmall } of steps) {
          const length = isSmall ? 1 + (bytes % 200) : bytes;
          const next = (): Buffer => bytesOf(length, here);
          if (kind === 'put') send({ near, far }, next());
          else if (kind === 'write') far.write(next());
          else if (kind === 'cork') {
            far.cork();
            send({ near, far }, next());
            process.nextTick(() => far.uncork());
          } else if (kind === 'send') near.write(bytesOf(length, there));
          else if (kind === 'pause') far.pause();
          else if (kind === 'resume') far.resume();
          else if (kind === 'restNear') near.pause();
          else if (kind === 'resumeNear') near.resume();
          else if (kind === 'rest') await Promise.resolve();
          else await tick();
          if (kind === 'send') there += length;
          if (kind === 'put' || kind === 'write' || kind === 'cork') here += length;
        }
        far.resume();
        near.resume();
        await eventually(() => heardBytes(got) === there && heardBytes(back) === here);
        expect(Buffer.concat(got).equals(bytesOf(there, 0))).toBe(true);
        expect(Buffer.concat(back).equals(bytesOf(here, 0))).toBe(true);
        near.destroy();
        far.destroy();
      }),
      { numRuns: 60 },
    );
    expect(failures).toEqual([]);
  });

  it('does not mix up the bytes of several sockets', async () => {
    const several = await Promise.all([pair(), pair(), pair()]);
    const back = several.map(({ near }) => {
      const chunks: Buffer[] = [];
      near.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
      return chunks;
    });
    const said = ['', '', ''];
    for (let at = 0; at < 300; at++) {
      const who = (at * at) % 3;
      const word = `${who}:${at} `;
      said[who] = `${said[who]}${word}`;
      send(several[who] as RingPair, Buffer.from(word));
      if (at % 50 === 49) await tick();
    }
    await eventually(() => back.every((chunks, who) => Buffer.concat(chunks).toString() === said[who]));
  });

  it('leaves bytes that the peer does not take to the stream, and sends nothing before them', async () => {
    const made = await pair();
    const { near, far } = made;
    const back: Buffer[] = [];
    near.on('data', (chunk) => back.push(Buffer.from(chunk)));
    near.pause();
    let here = 0;
    while (here < 12_000_000) {
      send(made, bytesOf(9_000, here));
      here += 9_000;
      if (here % 90_000 === 0) await tick();
    }
    expect(far.writableLength).toBeGreaterThan(0);
    near.resume();
    await eventually(() => heardBytes(back) === here);
    expect(Buffer.concat(back).equals(bytesOf(here, 0))).toBe(true);
    expect(far.writableLength).toBe(0);
  });

  it('resumes in the middle of a buffer of which the peer took only a part', async () => {
    const { near, far } = await pair();
    const back: Buffer[] = [];
    near.on('data', (chunk) => back.push(Buffer.from(chunk)));
    near.pause();
    const [front, length] = [7_000, 60_000];
    let here = 0;
    while (far.writableLength === 0) {
      const bytes = Buffer.concat([Buffer.alloc(front, 'x'), bytesOf(length, here)]);
      const sent = far.put(bytes, front, bytes.length);
      if (sent < bytes.length) far.write(bytes.subarray(sent));
      here += length;
    }
    near.resume();
    await eventually(() => heardBytes(back) >= here);
    expect(Buffer.concat(back).equals(bytesOf(here, 0))).toBe(true);
  });

  it('sends all that was put before its end, and still receives afterwards', async () => {
    const { near, far, heard: got } = await pair();
    const back: Buffer[] = [];
    near.on('data', (chunk) => back.push(Buffer.from(chunk)));
    const ended = new Promise<void>((end) => near.once('end', end));
    far.resume();
    send({ near, far }, Buffer.from('last words'));
    far.end();
    await ended;
    expect(Buffer.concat(back).toString()).toBe('last words');
    near.write('still here');
    await eventually(() => heardBytes(got) === 10);
    const closed = new Promise<void>((close) => far.once('close', () => close()));
    near.end();
    await closed;
  });

  it('shuts down the sending side at once, not in the next iteration of the event loop', async () => {
    const { near, far } = await pair();
    const ended = new Promise<void>((end) => near.once('end', end));
    near.resume();
    far.put(Buffer.from('bye'), 0, 3);
    far.end();
    // Local and remote address, then the TCP state (01 is ESTABLISHED, 04 and 05 are FIN_WAIT).
    const hex = (port: number | undefined): string => `:${(port ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
    const line = new RegExp(`^ *\\d+: \\w+${hex(far.localPort)} \\w+${hex(near.localPort)} (\\w\\w) `, 'm');
    expect(line.exec(readFileSync('/proc/net/tcp', 'utf8'))?.[1]).toMatch(/^0[45]$/);
    await ended;
    expect(near.bytesRead).toBe(3);
  });

  it('sends its last bytes before its end in whichever turn they are put', async () => {
    for (let rounds = 1; rounds <= 40; rounds++) {
      let left = rounds;
      const told: string[] = [];
      const answers = (memory: Buffer, bytes: number): boolean => {
        told.push(memory.toString('latin1', 0, bytes));
        const [self, said] = told.length % 2 === 1 ? [far, 'pong'] : [near, 'ping'];
        if (left-- > 0) self.put(Buffer.from(said), 0, 4);
        if (left === 0) self.put(Buffer.from(' and goodbye'), 0, 12);
        if (left === 0) self.end();
        return true;
      };
      const made = await ringPair(ring, answers);
      const far = made.far;
      const near = ringSocketOf(made.near, ring, answers);
      pairs.push({ near, far });
      let ends = 0;
      for (const socket of [near, far]) socket.on('end', () => ends++).resume();
      near.put(Buffer.from('ping'), 0, 4);
      await eventually(() => ends === 1);
      expect(told.at(-1)).toContain('and goodbye');
    }
  });

  it('emits the end of the peer once it is resumed, and can still send', async () => {
    const { near, far, heard: got } = await pair();
    let hasEnded = false;
    far.on('end', () => (hasEnded = true));
    far.resume();
    near.write('one');
    await eventually(() => got.length === 1);
    far.pause();
    near.write('two');
    near.end();
    await tick(20);
    expect([heardBytes(got), hasEnded]).toEqual([3, false]);
    far.resume();
    await eventually(() => hasEnded);
    expect(Buffer.concat(got).toString()).toBe('onetwo');
    const answer = new Promise<string>((told) => near.once('data', (data: Buffer) => told(data.toString())));
    send({ near, far }, Buffer.from('answer'));
    expect(await answer).toBe('answer');
  });

  it('reports a reset connection with the same error as a Node socket', async () => {
    const { near, far } = await pair();
    const failed = new Promise<NodeJS.ErrnoException>((fail) => far.once('error', fail));
    const closed = new Promise<void>((close) => far.once('close', () => close()));
    far.resume();
    await tick(5);
    near.resetAndDestroy();
    const { code, syscall, message } = await failed;
    expect({ code, syscall, message }).toEqual({ code: 'ECONNRESET', syscall: 'read', message: 'read ECONNRESET' });
    await closed;
  });

  it('releases a connection that is destroyed while a receive is in flight, and reuses its id', async () => {
    for (let round = 0; round < 3; round++) {
      const many = await Promise.all(Array.from({ length: 150 }, () => pair()));
      for (const { far } of many) far.resume();
      await tick();
      const gone = many.filter((_, at) => at % 2 === 0);
      const heardEnd = gone.map(({ near }) => new Promise<void>((close) => near.resume().once('close', () => close())));
      for (const { near } of gone) near.once('end', () => near.end());
      for (const { far } of gone) far.destroy();
      await Promise.all(heardEnd);
      const fresh = await Promise.all(gone.map(() => pair()));
      const alive = [...many.filter((_, at) => at % 2 === 1), ...fresh];
      for (const { far } of fresh) far.resume();
      for (const [at, { near }] of alive.entries()) near.write(`to ${at}`);
      await eventually(() => alive.every(({ heard: got }) => got.length > 0));
      expect(alive.map(({ heard: got }) => Buffer.concat(got).toString())).toEqual(alive.map((_, at) => `to ${at}`));
      for (const { near, far } of alive) for (const socket of [near, far]) socket.destroy();
    }
  });

  it('never writes to memory that is still referred to', async () => {
    const { near, far, heard: got } = await pair(() => false);
    far.resume();
    for (let at = 0; at < 400; at++) {
      near.write(bytesOf(100, at * 100));
      if (at % 3 === 0) await tick();
    }
    await eventually(() => heardBytes(got) === 40_000);
    expect(Buffer.concat(got).equals(bytesOf(40_000, 0))).toBe(true);
  });

  it('sends nothing twice when there are more completions than the queue holds', async () => {
    const said = Array.from({ length: 1_500 }, () => '');
    const all: RingPair[] = [];
    const sayToAll = (word: string): void => {
      for (const each of all) send(each, Buffer.from(word));
    };
    const take = (): boolean => (sayToAll('second'), true);
    for (const at of said.keys()) {
      const made = await ringPair(ring, take);
      made.near.on('data', (chunk) => (said[at] = `${said[at]}${chunk.toString()}`));
      pairs.push(made);
      all.push(made);
    }
    const asking = all[0] as RingPair;
    asking.far.resume();
    await tick(20);
    asking.near.write('what comes in the turn in which all of the first goes out');
    sayToAll('first');
    await eventually(() => said.every((word) => word.length >= 'firstsecond'.length));
    await tick(20);
    expect(said.filter((word) => word !== 'firstsecond')).toEqual([]);
  });

  it('submits the sends of one iteration of the event loop in one system call', async () => {
    ring.close();
    const kernel = openKernel();
    const handedIn: number[] = [];
    const counting: Kernel = {
      ...kernel,
      enter: (descriptor, submissions) => (handedIn.push(submissions), kernel.enter(descriptor, submissions)),
    };
    ring = RingSockets.open((error) => failures.push(error), counting);
    const two = [await pair(), await pair()];
    let got = 0;
    for (const { near } of two) near.on('data', ({ length }: Buffer) => (got += length));
    await tick(20);
    handedIn.length = 0;
    for (const one of two) {
      send(one, Buffer.from('a'));
      // As between the data callbacks of two sockets.
      await Promise.resolve();
      await new Promise((resume) => process.nextTick(resume));
    }
    await eventually(() => got === 2);
    expect(handedIn[0]).toBe(2);
  });

  it('names the failed system call by lower-case words only, as the log masks other texts', () => {
    expect(() => openKernel().setup(0, new Uint32Array(30))).toThrow(/^[a-z ]+ failed with errno 22$/);
    expect(() => openKernel().register(-1, 4, new Uint32Array(1), 1)).toThrow(/^[a-z ]+ failed with errno \d+$/);
    expect(() => openKernel().shared(-1, 4096, 0)).toThrow(/^[a-z ]+ failed with errno 9$/);
  });

  it('delivers nothing within resume, and nothing when it was paused again', async () => {
    const { near, far, heard: got } = await pausedPair('held');
    far.resume();
    far.pause();
    near.write(' and more');
    await tick(20);
    expect(heardBytes(got)).toBe(0);
    far.resume();
    expect(heardBytes(got)).toBe(0);
    await eventually(() => heardBytes(got) === 13);
    expect(Buffer.concat(got).toString()).toBe('held and more');
  });

  it('delivers a chunk received while paused even if the ring has failed since', async () => {
    const breaks = breakable();
    const { near, far, heard: got } = await pausedPair('held');
    breaks();
    send({ near, far }, Buffer.from('finds that it is broken'));
    await eventually(() => failures.length === 1);
    near.write(' and read');
    far.resume();
    await eventually(() => heardBytes(got) === 13);
    expect(Buffer.concat(got).toString()).toBe('held and read');
  });

  it('leaves no descriptor open when it cannot be created', () => {
    const kernel = openKernel();
    const opened = (): number => readdirSync('/proc/self/fd').length;
    const before = opened();
    const fails = (): never => {
      throw new Error('no more');
    };
    for (const part of [{ shared: fails }, { register: fails }, { eventDescriptor: fails }, { pipe: fails }])
      expect(() => RingSockets.open(() => undefined, { ...kernel, ...part })).toThrow('no more');
    expect(opened()).toBe(before);
  });

  it('goes on without the ring when the kernel refuses it', async () => {
    const breaks = breakable();
    const { near, far, heard: got } = await pair();
    const back: Buffer[] = [];
    near.on('data', (chunk) => back.push(Buffer.from(chunk)));
    far.resume();
    near.write('before');
    await eventually(() => heardBytes(got) === 6);
    breaks();
    send({ near, far }, Buffer.from('put when it broke, '));
    near.write(' and after');
    await eventually(() => heardBytes(got) === 16);
    send({ near, far }, Buffer.from('and put behind that'));
    await eventually(() => heardBytes(back) === 38);
    expect(Buffer.concat(got).toString()).toBe('before and after');
    expect(Buffer.concat(back).toString()).toBe('put when it broke, and put behind that');
    expect(failures.map(({ message }) => message)).toEqual(['entering the ring failed with errno 9']);
    expect(ring.canServe({ fd: 5 })).toBe(false);
  });
});
