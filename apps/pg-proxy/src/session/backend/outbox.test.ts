import { describe, expect, it } from '@jest/globals';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { Outbox } from './outbox.ts';

/** A stream that takes its next write only when told to, as a socket whose peer is slow. */
class SlowStream extends Duplex {
  readonly written: Buffer[] = [];
  #done: (() => void) | undefined;

  override _read(): void {
    // It only writes.
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.written.push(chunk);
    this.#done = done;
  }

  async drain(): Promise<void> {
    this.#done?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const outboxOf = (stream: SlowStream): Outbox => new Outbox(stream as unknown as Socket);

describe('Outbox on a stream', () => {
  it('copies a small message for the stream, so that its memory can be reused before it is written', () => {
    const stream = new SlowStream();
    const outbox = outboxOf(stream);
    const memory = Buffer.alloc(4_096, 'a');
    outbox.range(memory, 5, 105);
    expect(outbox.isPending).toBe(true);
    outbox.send();
    expect(stream.writableLength).toBe(100);
    expect(outbox.isPending).toBe(false);
    memory.fill('b');
    expect(stream.written).toEqual([Buffer.alloc(100, 'a')]);
  });

  it('lends the memory of a large message to the stream until it is written', async () => {
    const stream = new SlowStream();
    const outbox = outboxOf(stream);
    const memory = Buffer.alloc(8_192, 'a');
    outbox.push(memory);
    outbox.send();
    expect(outbox.isPending).toBe(true);
    expect(stream.written[0]?.buffer).toBe(memory.buffer);
    await stream.drain();
    expect(outbox.isPending).toBe(false);
  });

  it('lends the memory of many parts to the stream, too', async () => {
    const stream = new SlowStream();
    const outbox = outboxOf(stream);
    for (let part = 0; part < 3; part++) outbox.push(Buffer.alloc(8_192, part));
    outbox.send();
    expect(outbox.isPending).toBe(true);
    for (let part = 0; part < 3; part++) await stream.drain();
    expect(outbox.isPending).toBe(false);
    expect(Buffer.concat(stream.written)).toHaveLength(3 * 8_192);
  });
});
