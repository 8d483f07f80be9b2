import { describe, expect, it } from '@jest/globals';
import { FlightModel } from './flight-model.ts';
import { seededRandom } from '@medrex/ledger';
import { FusionSize } from './fusion-size.ts';
import { testLimits } from './testing/index.ts';

function learned(fixedMs: number, msPerUnit: number, sizes: readonly number[]): FlightModel {
  const model = new FlightModel();
  for (let flight = 0; flight < 300; flight += 1) {
    const units = sizes[flight % sizes.length]!;
    model.observe(units, fixedMs + msPerUnit * units);
  }
  return model;
}

describe('FlightModel', () => {
  it('learns the fixed time and the time for each unit of work', () => {
    const model = learned(50, 0.4, [10, 80, 300]);
    expect(model.fixedMs).toBeCloseTo(50, 1);
    expect(model.msPerUnit).toBeCloseTo(0.4, 2);
  });

  it('learns the total time when all flights are alike, and never estimates zero time for work', () => {
    const alike = learned(50, 0.4, [100]);
    expect(alike.fixedMs + 100 * alike.msPerUnit).toBeCloseTo(90, 1);
    expect(learned(100, -0.2, [10, 80]).msPerUnit).toBeGreaterThan(0);
  });

  it('does not mistake a busy machine for the cost of work, as everything is slow when fusions are large', () => {
    const model = new FlightModel();
    const random = seededRandom(7);
    for (let flight = 0; flight < 400; flight += 1) {
      const busy = 1 + Math.sin(flight / 40); // alternately slow and fast
      const units = 40 + 60 * busy * random();
      model.observe(units, 60 + 300 * busy + 0.3 * units + 40 * random());
    }
    expect(model.msPerUnit).toBeLessThan(0.8); // a line through the flights would give 2.5
  });

  it('adapts when a network changes', () => {
    const model = learned(500, 3, [10, 100]);
    const sizes = Array.from({ length: 300 }, (_, flight) => 10 + ((flight * 37) % 90));
    for (const units of sizes) model.observe(units, 20 + 0.1 * units);
    expect(model.msPerUnit).toBeCloseTo(0.1, 1);
  });
});

describe('FusionSize', () => {
  const sizeAfter = (model: FlightModel, backlogs: readonly number[]): number => {
    const { size, fusion } = testLimits({ size: { operationsMin: 16, flightTargetMs: 200 } });
    const fusionSize = new FusionSize(size, fusion, model);
    for (const backlog of backlogs) fusionSize.landed(backlog);
    return fusionSize.limit;
  };

  it('doubles while more waits, up to the cap, and halves when little does', () => {
    const quick = learned(10, 0.1, [10, 100]);
    expect(sizeAfter(quick, [1_000])).toBe(32);
    expect(sizeAfter(quick, Array<number>(9).fill(10_000))).toBe(500);
    expect(sizeAfter(quick, [...Array<number>(9).fill(10_000), 3, 3])).toBe(125);
    expect(sizeAfter(quick, [10, 10, 3, 3, 3])).toBe(16);
  });

  it('stays where a flight keeps its time', () => {
    expect(sizeAfter(learned(50, 1, [10, 100]), Array<number>(9).fill(10_000))).toBeCloseTo(150, -1);
  });

  it('does not become small for a network whose fixed time is long already', () => {
    expect(sizeAfter(learned(400, 1, [10, 100]), Array<number>(9).fill(10_000))).toBeGreaterThan(350);
  });
});
