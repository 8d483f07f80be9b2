import { describe, expect, it } from '@jest/globals';
import { Shares } from './shares.ts';

describe('Shares', () => {
  const withDue = (): Shares => {
    const shares = new Shares([0, 0.1, 0.1, 0.1], 10);
    shares.planned(1, 100, [1, 3]);
    return shares;
  };

  it('let a class go before a more urgent one when its share is due, and count what it takes as debt', () => {
    const shares = withDue();
    expect(shares.next([1, 3])).toBe(3);
    shares.planned(3, 50, [1, 3]);
    shares.planned(1, 400, [1, 3]); // earns 40, which pays the debt
    expect(shares.next([1, 3])).toBe(1);
    shares.planned(1, 100, [1, 3]);
    expect(shares.next([1, 3])).toBe(3);
  });

  it('never let a class go before class 0', () => {
    expect(withDue().next([0, 1, 3])).toBe(0);
  });

  it('forget what a class has earned when it has nothing ready', () => {
    const shares = withDue();
    shares.planned(1, 10, [1]);
    expect(shares.next([1, 3])).toBe(1);
  });
});
