import { describe, expect, it } from '@jest/globals';
import { LagWatch } from './lag-watch.ts';

const at = (height: number | undefined, silentForMs = 0) => ({ height, silentForMs });

describe('LagWatch', () => {
  it('replaces a peer that for five seconds lacks a block that another one has', () => {
    const watch = new LagWatch(5_000);
    expect(watch.check([at(10), at(10)], 0)).toEqual([undefined, undefined]);
    expect(watch.check([at(11), at(10)], 1_000)).toEqual([undefined, undefined]);
    expect(watch.check([at(20), at(10)], 5_999)).toEqual([undefined, undefined]);
    expect(watch.check([at(21), at(10)], 6_000)).toEqual([undefined, 'behind']);
  });

  it('counts from the first block that is lacking now, so a slow follower is not behind', () => {
    const watch = new LagWatch(5_000);
    for (let second = 0; second < 60; second++) {
      const verdicts = watch.check([at(10 + second), at(Math.max(10, 7 + second))], second * 1_000);
      expect(verdicts).toEqual([undefined, undefined]);
    }
  });

  it('keeps a peer that has caught up', () => {
    const watch = new LagWatch(5_000);
    watch.check([at(11), at(10)], 0);
    watch.check([at(11), at(11)], 4_000);
    expect(watch.check([at(12), at(11)], 8_000)).toEqual([undefined, undefined]);
  });

  it('replaces a peer that does not answer, even a single one', () => {
    expect(new LagWatch(5_000).check([at(10, 4_999)], 0)).toEqual([undefined]);
    expect(new LagWatch(5_000).check([at(10, 5_000)], 0)).toEqual(['silent']);
    expect(new LagWatch(5_000).check([at(undefined, 5_000), at(3)], 0)).toEqual(['silent', undefined]);
  });

  it('treats a peer that never reported a block as behind', () => {
    const watch = new LagWatch(5_000);
    watch.check([at(undefined), at(3)], 0);
    expect(watch.check([at(undefined), at(3)], 5_000)).toEqual(['behind', undefined]);
  });
});
