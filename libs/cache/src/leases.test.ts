import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { grantFor, Lease, ownShare, type LeaseTerms } from './leases.ts';
import { MemoryLeaseBook } from './testing/memory-lease-book.ts';

const terms: LeaseTerms = { budget: 10, instances: 2, leaseMs: 3_000 };
const holder = (wanted: number, granted: number, inUse = granted, untilMs = 1_000) => ({
  wanted,
  granted,
  inUse,
  untilMs,
});

describe('grantFor', () => {
  it.each<[string, number, ReturnType<typeof holder>[], number]>([
    ['its own share when the other has never been heard', 10, [], 5],
    ['all when the other wants nothing', 10, [holder(0, 0)], 10],
    ['what the other does not want', 10, [holder(2, 2)], 8],
    ['half when both want everything', 10, [holder(10, 5)], 5],
    ['nothing that the other still has, however much that is', 10, [holder(10, 9)], 1],
    ['nothing that the other has in use though it was granted less', 10, [holder(10, 5, 7)], 3],
    ['nothing of the own share of one that is silent', 10, [holder(0, 0, 0, 0)], 5],
    ['its part beside one that has taken the place of a dead one', 10, [holder(0, 5, 5, 0), holder(5, 5)], 5],
    [
      'nothing that the silent one may have that has not been replaced',
      10,
      [holder(0, 1, 1, 0), holder(0, 8, 8, 0)],
      2,
    ],
    ['no more than it wants', 3, [holder(0, 0)], 3],
  ])('is %s', (_what, wanted, others, expected) => {
    expect(grantFor(wanted, others, terms, 500)).toBe(expected);
  });
});

it('does not count holders that must have been replaced', async () => {
  let nowMs = 0;
  const book = new MemoryLeaseBook(() => nowMs);
  await book.renew('dead', { wanted: 10, inUse: 5 }, terms);
  nowMs = 5_000;
  await book.renew('a', { wanted: 1, inUse: 1 }, terms);
  expect([...book.holders.keys()]).toEqual(['dead', 'a']);
  await book.renew('b', { wanted: 1, inUse: 1 }, terms);
  expect([...book.holders.keys()]).toEqual(['a', 'b']);
});

describe('Lease', () => {
  it('is the own share if there is no book', () => {
    expect(new Lease({ terms, instance: 'a', book: undefined }).limit).toBe(5);
  });

  it('falls back to the own share when the book fails: down when its lease ends, up when those of the others have ended', async () => {
    let nowMs = 0;
    const book = new MemoryLeaseBook(() => nowMs);
    const [high, low] = ['high', 'low'].map((instance) => new Lease({ terms, instance, book })) as [Lease, Lease];
    const pass = async (toMs: number): Promise<void> => {
      for (; nowMs < toMs; nowMs += 100) {
        low.tick(nowMs, { wanted: 1, inUse: 1 });
        high.tick(nowMs, { wanted: 10, inUse: 0 });
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await pass(5_000);
    expect([high.limit, low.limit]).toEqual([9, 1]);
    book.isAway = true;
    await pass(6_500);
    expect([high.limit, high.isShared, low.limit]).toEqual([9, true, 1]);
    await pass(9_500);
    expect([high.limit, high.isShared, low.limit]).toEqual([5, false, 5]);
  });

  it('never lets all instances together use more than the budget, whichever of them is cut off when', async () => {
    const step = fc.record({
      wants: fc.array(fc.nat(12), { minLength: 3, maxLength: 3 }),
      away: fc.boolean(),
      cut: fc.integer({ min: -1, max: 2 }),
      ms: fc.constantFrom(300, 1_100, 4_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), fc.integer({ min: 3, max: 20 }), async (steps, budget) => {
        let nowMs = 0;
        const shared = { budget, instances: 3, leaseMs: 3_000 };
        const book = new MemoryLeaseBook(() => nowMs);
        let cut = -1;
        const leases = [0, 1, 2].map(
          (place) =>
            new Lease({
              terms: shared,
              instance: String(place),
              book: {
                renew: (instance, asked, given) =>
                  cut === place ? Promise.reject(new Error('cut')) : book.renew(instance, asked, given),
                leave: (instance) => book.leave(instance),
              },
            }),
        );
        const inUse = [0, 0, 0];
        for (const { wants, away, cut: cuts, ms } of steps) {
          book.isAway = away;
          cut = cuts;
          for (const endMs = nowMs + ms; nowMs < endMs; nowMs += 100) {
            for (const [place, lease] of leases.entries()) {
              lease.tick(nowMs, { wanted: wants[place]!, inUse: inUse[place]! });
              inUse[place] = Math.min(wants[place]!, lease.limit);
            }
            await new Promise((resolve) => setImmediate(resolve));
            const together = leases.reduce((sum, lease, place) => sum + Math.min(wants[place]!, lease.limit), 0);
            expect(together).toBeLessThanOrEqual(budget);
          }
        }
        expect(ownShare(shared) * 3).toBeLessThanOrEqual(budget);
      }),
      { numRuns: 60 },
    );
  });
});
