import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cutBlock, emptyBatch, type BlockCutterLimits, type PendingBatch } from './block-cutter.ts';

interface Message {
  readonly id: number;
  readonly bytes: number;
}

const limits: BlockCutterLimits = {
  batchTimeoutMs: 100,
  maxMessageCount: 3,
  absoluteMaxBytes: 1_000,
  preferredMaxBytes: 100,
};

/** Feeds messages one after the other; the decisions, and what is left. */
function feed(sizes: readonly number[], given: BlockCutterLimits = limits) {
  let pending: PendingBatch<Message> = emptyBatch;
  const decisions = sizes.map((bytes, id) => {
    const decision = cutBlock(given, pending, { id, bytes });
    pending = decision.pending;
    return { ids: decision.batches.map((batch) => batch.map((message) => message.id)), timer: decision.timer };
  });
  return { decisions, last: decisions.at(-1), left: pending.messages.map(({ id }) => id) };
}

describe('cutBlock', () => {
  it.each([
    {
      what: 'waits with the first message, and starts the timer',
      sizes: [10],
      last: { ids: [], timer: 'start' },
      left: [0],
    },
    {
      what: 'cuts when the count is full, and stops the timer',
      sizes: [10, 10, 10],
      last: { ids: [[0, 1, 2]], timer: 'stop' },
      left: [],
    },
    { what: 'fills a block to the very byte', sizes: [50, 50], last: { ids: [], timer: 'start' }, left: [0, 1] },
    {
      what: 'cuts before an overflow, and lets the timer run for the new batch',
      sizes: [50, 51],
      last: { ids: [[0]], timer: 'start' },
      left: [1],
    },
    {
      what: 'isolates a large message behind what waited',
      sizes: [10, 101],
      last: { ids: [[0], [1]], timer: 'stop' },
      left: [],
    },
    { what: 'isolates a large message alone', sizes: [101], last: { ids: [[0]], timer: 'stop' }, left: [] },
    {
      what: 'does not isolate one of exactly the preferred size',
      sizes: [100],
      last: { ids: [], timer: 'start' },
      left: [0],
    },
  ])('$what', ({ sizes, last, left }) => {
    expect(feed(sizes)).toMatchObject({ last, left });
  });

  it('cuts each message at once when a block holds one', () => {
    const { decisions } = feed([10, 10], { ...limits, maxMessageCount: 1 });
    expect(decisions.map(({ ids }) => ids)).toEqual([[[0]], [[1]]]);
  });

  it('keeps the order, the count and the size for any messages', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: 60 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 5 }), (given, maxMessageCount) => {
        const { decisions, left } = feed(given, { ...limits, maxMessageCount });
        const blocks = decisions.flatMap(({ ids }) => ids);
        expect([...blocks.flat(), ...left]).toEqual(given.map((_, id) => id));
        for (const block of [...blocks, left]) {
          const bytes = block.reduce((sum, id) => sum + (given[id] ?? 0), 0);
          expect(block.length).toBeLessThanOrEqual(maxMessageCount);
          expect(bytes <= limits.preferredMaxBytes || block.length === 1).toBe(true);
        }
        expect(blocks.every((block) => block.length > 0)).toBe(true);
        for (const { ids, timer } of decisions) expect(ids.length > 0 || timer === 'start').toBe(true);
        expect(decisions.at(-1)?.timer ?? 'stop').toBe(left.length > 0 ? 'start' : 'stop');
      }),
    );
  });
});
