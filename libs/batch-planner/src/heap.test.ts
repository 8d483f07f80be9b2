import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Heap } from './heap.ts';

describe('Heap', () => {
  it('gives the smallest first, whatever is pushed, popped and filtered in between', () => {
    const step = fc.oneof(fc.nat(50), fc.constantFrom('pop' as const, 'filter' as const));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const heap = new Heap<number>((one, other) => one < other);
        let model: number[] = [];
        for (const one of steps) {
          if (one === 'pop') expect(heap.pop()).toBe(model.shift());
          else if (one === 'filter') {
            heap.filter((item) => item % 3 !== 0);
            model = model.filter((item) => item % 3 !== 0);
          } else {
            heap.push(one);
            model = [...model, one].sort((a, b) => a - b);
          }
          expect([heap.first, heap.size]).toEqual([model[0], model.length]);
        }
      }),
      { numRuns: 30 },
    );
  });
});
