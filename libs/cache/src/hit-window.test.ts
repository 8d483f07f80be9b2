import { describe, expect, it } from '@jest/globals';
import { HitWindow } from './hit-window.ts';

const window = (): HitWindow => new HitWindow({ lookups: 10, ratioMin: 0.7, offMs: 1_000 });
const look = (looked: HitWindow, hits: number, misses: number, nowMs = 0): void => {
  for (let hit = 0; hit < hits; hit++) looked.recordLookup(true, nowMs);
  for (let miss = 0; miss < misses; miss++) looked.recordLookup(false, nowMs);
};

describe('HitWindow', () => {
  it('lets an empty cache fill before judging it', () => {
    const looked = window();
    look(looked, 0, 10);
    expect(looked.isOn(0)).toBe(true);
    look(looked, 6, 4);
    expect(looked.isOn(0)).toBe(false);
  });

  it('stays on at the minimum ratio, and switches off below it', () => {
    const looked = window();
    look(looked, 0, 10);
    look(looked, 7, 3);
    look(looked, 7, 3);
    expect(looked.isOn(0)).toBe(true);
    look(looked, 6, 4);
    expect([looked.isOn(0), looked.timesOff]).toEqual([false, 1]);
  });

  it('switches on again later, and lets the cache fill again', () => {
    const looked = window();
    look(looked, 0, 10);
    look(looked, 0, 10, 50);
    expect([looked.isOn(1_049), looked.isOn(1_050)]).toEqual([false, true]);
    look(looked, 0, 10, 1_050);
    expect(looked.isOn(1_050)).toBe(true);
    look(looked, 0, 10, 1_050);
    expect([looked.isOn(1_051), looked.timesOff]).toEqual([false, 2]);
  });
});
