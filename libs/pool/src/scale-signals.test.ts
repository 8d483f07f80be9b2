import { describe, expect, it } from '@jest/globals';
import { scaleSignals, ScaleWatch, type ScaleFigures } from './index.ts';

const calm: ScaleFigures = { queueMsP95: 1, poolUse: 0.1, loopLagMsP99: 1, cpuUse: 0.1 };

function after(figures: Partial<ScaleFigures>, forMs: number): ScaleWatch {
  const watch = new ScaleWatch();
  for (let nowMs = 0; nowMs <= forMs; nowMs += 1_000) watch.observe({ ...calm, ...figures }, nowMs);
  return watch;
}
const asked = (watch: ScaleWatch): string[] => scaleSignals.filter((signal) => watch.asksFor(signal));

describe('a signal to scale out', () => {
  it.each([
    ['queue', { queueMsP95: 51 }, 60_000],
    ['pool', { poolUse: 0.81 }, 120_000],
    ['loop', { loopLagMsP99: 21 }, 60_000],
    ['cpu', { cpuUse: 0.71 }, 60_000],
  ])('%s is given when its figure has been high for long, not before', (signal, figures, forMs) => {
    expect(asked(after(figures, forMs))).toEqual([signal]);
    expect(asked(after(figures, forMs - 1_000))).toEqual([]);
  });

  it('ends as soon as the figure is low', () => {
    const watch = after({ cpuUse: 0.9 }, 60_000);
    watch.observe(calm, 61_000);
    expect(asked(watch)).toEqual([]);
  });
});

it('signals that one instance fewer is enough after ten minutes below half of all thresholds', () => {
  expect(after({}, 599_000).isIdle).toBe(false);
  expect(after({}, 600_000).isIdle).toBe(true);
  expect(after({ poolUse: 0.45 }, 600_000).isIdle).toBe(false);
});
