import { describe, expect, it } from '@jest/globals';
import { StateCache } from './state-cache.ts';

const found = (text: string) => ({ value: Buffer.from(text), version: { blockNum: 1, txNum: 0 } });

describe('StateCache', () => {
  it('stays within its budget and keeps used entries', () => {
    const values = new StateCache(100 * (200 + 5 + 45)).of('cc');
    values.add('often', { found: found('x'.repeat(45)), since: 1 });
    for (let at = 0; at < 1_000; at++) {
      values.add(`k${1_000 + at}`, { found: found('x'.repeat(45)), since: 1 });
      expect(values.get('often')).toBeDefined();
    }
    const left = Array.from({ length: 1_000 }, (_, at) => values.get(`k${1_000 + at}`)).filter(Boolean).length;
    expect(left).toBeLessThanOrEqual(100);
    expect(left).toBeGreaterThan(40);
  });

  it('shares one budget among chaincodes', () => {
    const cache = new StateCache(1_000);
    cache.of('one').add('k', { found: undefined, since: 1 });
    for (let at = 0; at < 20; at++) cache.of('other').add(`k${at}`, { found: undefined, since: 1 });
    expect(cache.of('one').get('k')).toBeUndefined();
  });

  it('follows writes to keys that it knows, lets go of those that are new, and leaves out the others', () => {
    const values = new StateCache(10_000).of('cc');
    values.add('known', { found: found('1'), since: 1 });
    values.add('absent', { found: undefined, since: 1 });
    for (const key of ['known', 'absent', 'unknown']) values.update(key, { found: found('2'), since: 2 });
    expect(values.get('known')).toEqual({ found: found('2'), since: 2 });
    expect([values.get('absent'), values.get('unknown')]).toEqual([undefined, undefined]);
    values.update('known', { found: undefined, since: 3 });
    expect(values.get('known')).toEqual({ found: undefined, since: 3 });
  });
});
