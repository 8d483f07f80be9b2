import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { arrivals, parseRate } from './arrivals.ts';
import { parseInjection } from './conflict-injector.ts';
import { openLoad, type LoadOptions } from './load-stream.ts';
import { profileNamed, workdays } from './profiles/index.ts';
import { seededRandom, zipf } from './random.ts';

const options = (over: Partial<LoadOptions> = {}): LoadOptions => ({
  profile: profileNamed('ward')!,
  rate: { kind: 'fixed', perSecond: 200 },
  seconds: 3,
  seed: 7,
  patients: 40,
  skew: 1.1,
  injections: [],
  startMs: Date.UTC(2026, 0, 5, 7),
  ...over,
});

describe('a load', () => {
  it.each([...workdays.map(({ name }) => name), 'hot-10'])('of profile %s depends on the seed only', (name) => {
    const profile = profileNamed(name)!;
    const all = (seed: number) => {
      const load = openLoad(options({ profile, seed }));
      return JSON.stringify([load.setup, [...load.stream()]]);
    };
    expect(all(7)).toBe(all(7));
    expect(all(8)).not.toBe(all(7));
  });

  it('gives every message a unique name', () => {
    const load = openLoad(options());
    const ids = [...load.setup, ...[...load.stream()].map(({ message }) => message)].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has the send times of its rate', () => {
    expect([...openLoad(options()).stream()]).toHaveLength(600);
    const bySecond = (rate: string, seconds: number) => {
      const counts = Array.from({ length: seconds }, () => 0);
      for (const atMs of arrivals(parseRate(rate), seconds)) counts[Math.floor(atMs / 1000)]! += 1;
      return counts;
    };
    expect(bySecond('2.5', 4)).toEqual([3, 2, 3, 2]);
    expect(bySecond('ramp:100-300', 2)).toEqual([150, 250]);
    expect(bySecond('ramp:300-100', 2)).toEqual([250, 150]);
    expect(bySecond('ramp:100-100', 2)).toEqual([100, 100]);
    expect(bySecond('burst:100x10@1+1', 3)).toEqual([100, 1000, 100]);
    // A low rate neither delays the start of a ramp nor skips a burst.
    expect(bySecond('ramp:1-401', 4)).toEqual([51, 151, 251, 351]);
    expect(bySecond('burst:0.2x1000@3+2', 6)).toEqual([1, 0, 0, 200, 200, 0]);
    expect(bySecond('burst:100x0@1+1', 3)).toEqual([100, 0, 100]);
  });

  it('refuses an invalid rate or conflict, naming the format', () => {
    expect(() => parseRate('fast')).toThrow(/must be like 500, ramp:100-900/);
    expect(() => parseRate('0')).toThrow(/above 0/);
    expect(() => parseInjection('RAW:2')).toThrow(/RAW:0\.3@500/);
  });

  it.each(['RAW', 'WAR', 'WAW'] as const)('plants %s pairs the given number of messages apart', (edge) => {
    const load = openLoad(options({ seconds: 10, injections: [{ edge, probability: 0.05, gap: 20 }] }));
    const marks = new Map<string, number[]>();
    [...load.stream()].forEach(({ message }, place) => {
      const mark = new RegExp(`-${edge.toLowerCase()}-\\d+`).exec(JSON.stringify(message))?.[0];
      if (mark !== undefined) marks.set(mark, [...(marks.get(mark) ?? []), place]);
    });
    const gaps = [...marks.values()].flatMap(([first, second]) =>
      first === undefined || second === undefined ? [] : [second - first],
    );
    expect(gaps.length).toBeGreaterThan(30);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(20);
    expect(gaps.toSorted((a, b) => a - b)[gaps.length >> 1]).toBeLessThanOrEqual(24);
  });

  it("follows Zipf's law: rank r is drawn with weight 1/(r+1)^s", () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(0, 0.8, 1.1), (seed, skew) => {
        const draw = zipf(seededRandom(seed), 10, skew);
        const counts = new Array<number>(10).fill(0);
        for (let i = 0; i < 20_000; i += 1) counts[draw()]! += 1;
        const ratio = counts[0]! / counts[9]!;
        expect(ratio / 10 ** skew).toBeGreaterThan(0.75);
        expect(ratio / 10 ** skew).toBeLessThan(1.33);
      }),
      { numRuns: 10 },
    );
  });
});
