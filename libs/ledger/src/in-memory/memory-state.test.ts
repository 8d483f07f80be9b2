import { describe, expect, it } from '@jest/globals';
import type { StateKey } from '@medrex/keys';
import fc from 'fast-check';
import { StateUpdates } from '../state-updates.ts';
import type { StateView } from '../state-view.ts';
import { MemoryState } from './memory-state.ts';

const keys = ['a', 'b', 'c', 'd', 'e'];
const write = fc.record({ key: fc.constantFrom(...keys), value: fc.option(fc.nat(9), { nil: undefined }) });

describe('MemoryState', () => {
  it('shows each view the state of its height for ever, by key and by range', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(write, { maxLength: 4 }), { maxLength: 12 }), async (blocks) => {
        const state = new MemoryState();
        const copies = [new Map<string, number>()];
        const views = [state.view()];
        for (const [blockNum, writes] of blocks.entries()) {
          const copy = new Map(copies.at(-1));
          for (const { key, value } of writes) {
            if (value === undefined) copy.delete(key);
            else copy.set(key, value);
          }
          state.apply(updatesOf(writes, blockNum));
          copies.push(copy);
          views.push(state.view());
        }
        for (const [at, view] of views.entries()) {
          const copy = copies[at] ?? new Map<string, number>();
          expect(view.height).toBe(at);
          expect((await view.get('cc', keys)).map((found) => found?.value[0])).toEqual(
            keys.map((key) => copy.get(key)),
          );
          expect(await lines(view)).toEqual([...copy].filter(([key]) => key >= 'b' && key < 'e').sort());
        }
      }),
    );
  });

  it('finds keys in order when many came and went without anybody reading', async () => {
    const state = new MemoryState();
    const present = new Set<string>();
    for (let turn = 0; turn < 3_000; turn++) {
      const [key, value] = [`k${turn % 7}`, turn % 2 === 0 ? 1 : undefined];
      if (value === undefined) present.delete(key);
      else present.add(key);
      state.apply(updatesOf([{ key, value }], turn));
    }
    expect((await lines(state.view(), 'k', 'l')).map(([key]) => key)).toEqual([...present].sort());
  });

  it('finds every one of many keys that came without anybody reading', async () => {
    const state = new MemoryState();
    const keys = Array.from({ length: 5_000 }, (_, number) => `k${String(number).padStart(4, '0')}`);
    keys.forEach((key, turn) => state.apply(updatesOf([{ key, value: 1 }], turn)));
    expect((await lines(state.view(), 'k', 'l')).map(([key]) => key)).toEqual(keys);
  });
});

function updatesOf(writes: readonly { key: string; value: number | undefined }[], blockNum: number): StateUpdates {
  const updates = new StateUpdates();
  writes.forEach(({ key, value }, txNum) => {
    const bytes = value === undefined ? undefined : new Uint8Array([value]);
    updates.add('cc', [{ key: key as StateKey, value: bytes }], { blockNum, txNum });
  });
  return updates;
}

async function lines(view: StateView, start = 'b', end = 'e'): Promise<[string, number | undefined][]> {
  const found: [string, number | undefined][] = [];
  for await (const { key, value } of view.range('cc', start, end)) found.push([key, value[0]]);
  return found;
}
