import { describe, expect, it } from '@jest/globals';
import { FrameReader } from './frame-reader.ts';
import { FrameWriter } from './frame-writer.ts';
import { Frames } from './frames.ts';

describe('frames of the bridge', () => {
  const large = 'é'.repeat(10_000);
  const sent = Buffer.concat([
    new FrameWriter('r', 7)
      .kind(1)
      .integer(-5)
      .text(large)
      .bytes(Buffer.from([1, 2]))
      .end(),
    new FrameWriter('e', 8).end(),
  ]);

  it.each([1, 5, 1_000, 100_000])('are read whole from chunks of %d bytes', (size) => {
    const frames = new Frames();
    const got = [];
    for (let at = 0; at < sent.length; at += size) got.push(...frames.feed(sent.subarray(at, at + size)));
    expect(got.map(({ type, connection }) => [type, connection])).toEqual([
      ['r', 7],
      ['e', 8],
    ]);
    const reader = new FrameReader(got[0]?.body ?? Buffer.alloc(0));
    expect([reader.kind(), reader.integer(), reader.text() === large, reader.bytes()]).toEqual([
      1,
      -5,
      true,
      Buffer.from([1, 2]),
    ]);
  });
});
