import { describe, expect, it } from '@jest/globals';
import { operationClasses } from '@medrex/contracts';
import { Admission, liveLimits } from './admission.ts';

describe('Admission', () => {
  it('has less room for operations of a lower class', () => {
    const limits = liveLimits(1_000);
    const falling = operationClasses.map((one) => limits[one]);
    expect(falling).toEqual([...falling].sort((one, other) => other - one));
    expect(new Set(falling).size).toBe(operationClasses.length);
    expect(limits.cpoe).toBe(1_000);
  });

  it('refuses the lowest class first', () => {
    const admission = new Admission(liveLimits(10));
    const open = () => operationClasses.filter((one) => admission.room(one) > 0);
    admission.take(6);
    expect(open()).toEqual(['cpoe', 'clinical', 'scheduling', 'financial']);
    admission.take(3);
    expect(open()).toEqual(['cpoe']);
    admission.take(1);
    expect(open()).toEqual([]);
    admission.settle(2, 0);
    expect(open()).toEqual(['cpoe', 'clinical']);
  });

  it('uses the count of orderer-dag when that is higher, as other instances accept operations too', () => {
    const admission = new Admission(liveLimits(10));
    admission.report(9);
    expect(admission.room('clinical')).toBeLessThanOrEqual(0);
    admission.report(0);
    expect(admission.room('clinical')).toBe(9);
  });

  it('resolves a wait when there is room, or when it is aborted', async () => {
    const admission = new Admission(liveLimits(10));
    admission.take(10);
    const waiting = admission.waitForRoom('clinical', new AbortController().signal);
    const leaving = new AbortController();
    const left = admission.waitForRoom('clinical', leaving.signal);
    leaving.abort();
    expect(await left).toBe(false);
    admission.settle(2, 0);
    expect(await waiting).toBe(true);
  });

  it('sets Retry-After to the time that the excess takes to drain, at most half a minute', () => {
    const admission = new Admission(liveLimits(100));
    admission.take(160);
    expect(admission.retryAfterS('audit')).toBeGreaterThan(0);
    admission.settle(0, 1_000);
    admission.settle(10, 3_000); // 5 a second
    expect(admission.retryAfterS('cpoe')).toBe(Math.ceil(51 / 5));
    expect(admission.retryAfterS('audit')).toBe(Math.ceil(91 / 5));
    admission.take(10_000);
    expect(admission.retryAfterS('audit')).toBe(30);
  });
});
