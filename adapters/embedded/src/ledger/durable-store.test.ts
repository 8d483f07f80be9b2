import { describe, expect, it } from '@jest/globals';
import type { StateView } from '@medrex/ledger';
import fc from 'fast-check';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockFiles } from './block-files.ts';
import { encodeBlock } from './block-record.ts';
import { DurableStore } from './durable-store.ts';
import { committedBlocks, someBlocks, stateKeys } from './testing/random-blocks.ts';
import { withDirectory } from './testing/temporary-directory.ts';

const unlimited = { blocks: Infinity, bytes: Infinity };
const open = (directory: string, options: { retention?: typeof unlimited; cacheBytes?: number } = {}) =>
  DurableStore.open({ directory, cacheBytes: 2_000, retention: unlimited, segmentBytes: 2_000, ...options });

/** Every key with its version and value, by key and by range; both must tell the same. */
async function contents(view: StateView): Promise<readonly string[]> {
  const found = await view.get('cc', stateKeys);
  const byKey = stateKeys.flatMap((key, at) => {
    const entry = found[at];
    return entry === undefined
      ? []
      : [`${key} ${JSON.stringify(entry.version)} ${Buffer.from(entry.value).toString('hex')}`];
  });
  const byRange: string[] = [];
  for await (const { key, version, value } of view.range('cc', '', '')) {
    byRange.push(`${key} ${JSON.stringify(version)} ${Buffer.from(value).toString('hex')}`);
  }
  expect(byRange).toEqual(byKey);
  return byKey;
}

describe('DurableStore', () => {
  it('shows each view the state of its height, whatever is appended, saved, cached or opened again meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(someBlocks, fc.array(fc.nat(3), { minLength: 15, maxLength: 15 }), async (given, pauses) => {
        await withDirectory(async (directory) => {
          const expected: string[][] = [[]];
          const state = new Map<string, string>();
          const store = await open(directory);
          const views = [store.view()];
          for (const [at, committed] of committedBlocks(given).entries()) {
            for (const [key, { value, version }] of committed.updates.of('cc')) {
              if (value === undefined) state.delete(key);
              else state.set(key, `${key} ${JSON.stringify(version)} ${Buffer.from(value).toString('hex')}`);
            }
            expected.push([...state].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line));
            const durable = store.append(committed);
            views.push(store.view());
            // Sometimes look, sometimes wait for the disk, sometimes go straight on.
            if (pauses[at] === 1) expect(await contents(views[at + 1]!)).toEqual(expected[at + 1]);
            if (pauses[at] === 2) await durable;
          }
          for (const [at, view] of views.entries()) expect(await contents(view)).toEqual(expected[at]);
          for (const view of views) view.release();
          await store.close();
          const again = await open(directory);
          expect(again.height).toBe(given.length);
          const view = again.view();
          expect(await contents(view)).toEqual(expected.at(-1));
          view.release();
          await again.close();
        });
      }),
      { numRuns: 30 },
    );
  });

  it('knows the ids of all its transactions, the invalid ones too', async () => {
    await withDirectory(async (directory) => {
      const broken = [[{ writes: [], isBroken: true }]];
      const store = await open(directory);
      await store.append(committedBlocks(broken)[0]!);
      const unsaved = store.append(committedBlocks(broken, 1)[0]!);
      expect(await store.knownTransactions(['t0-0', 't1-0', 't2-0'])).toEqual(new Set(['t0-0', 't1-0']));
      await unsaved;
      await store.close();
      const again = await open(directory);
      expect(await again.knownTransactions(['t0-0', 't1-0', 't2-0'])).toEqual(new Set(['t0-0', 't1-0']));
      await again.close();
    });
  });

  it('applies the blocks that were durable when the process died and not yet in the state', async () => {
    const blocks = committedBlocks(
      Array.from({ length: 9 }, (_, at) => [{ writes: [writeOf(at)], isBroken: at === 8 }]),
    );
    await withDirectory(async (directory) => {
      const store = await open(directory);
      for (const committed of blocks.slice(0, 3)) await store.append(committed);
      await store.close();
      // What a process leaves that dies between the sync of its blocks and the write of its state.
      const files = await BlockFiles.open(join(directory, 'blocks'), { segmentBytes: 2_000, durable: 3 });
      await files.append(blocks.slice(3).map(({ block }) => encodeBlock(block).bytes));
      await files.close();
      const again = await open(directory);
      expect(again.height).toBe(9);
      const view = again.view();
      const found = await view.get('cc', ['a', 'b', 'c']);
      expect(found.map((entry) => entry?.version)).toEqual([
        { blockNum: 6, txNum: 0 },
        { blockNum: 7, txNum: 0 }, // block 8 is broken
        { blockNum: 5, txNum: 0 },
      ]);
      expect(await again.knownTransactions(['t5-0', 't8-0'])).toEqual(new Set(['t5-0', 't8-0']));
      view.release();
      await again.close();
    });
  });

  it('rebuilds a lost state from its blocks', async () => {
    await withDirectory(async (directory) => {
      const store = await open(directory);
      for (const committed of committedBlocks([[{ writes: [writeOf(0)], isBroken: false }]]))
        await store.append(committed);
      await store.close();
      await rm(join(directory, 'state'), { recursive: true });
      const again = await open(directory);
      const view = again.view();
      expect(await contents(view)).toHaveLength(1);
      view.release();
      await again.close();
    });
  });

  it('refuses blocks and a state that do not belong together', async () => {
    await withDirectory(async (directory) => {
      const store = await open(directory);
      for (const committed of committedBlocks([[], []])) await store.append(committed);
      await store.close();
      await rm(join(directory, 'blocks'), { recursive: true });
      await expect(open(directory)).rejects.toMatchObject({ code: 'LEDGER_CORRUPT' });
    });
  });

  it('keeps a second opener out', async () => {
    await withDirectory(async (directory) => {
      const store = await open(directory);
      await expect(open(directory)).rejects.toMatchObject({ code: 'LEDGER_LOCKED', retryable: true });
      await store.close();
    });
  });

  it('deletes old blocks with their ids, and reports that to readers', async () => {
    await withDirectory(async (directory) => {
      const store = await open(directory, { retention: { blocks: 20, bytes: Infinity } });
      const blocks = committedBlocks(
        Array.from({ length: 100 }, (_, at) => [{ writes: [writeOf(at)], isBroken: false }]),
      );
      for (const committed of blocks) await store.append(committed);
      await store.close();
      const again = await open(directory, { retention: { blocks: 20, bytes: Infinity } });
      await expect(again.block(0)).rejects.toMatchObject({ code: 'BLOCK_PRUNED' });
      expect((await again.block(85)).number).toBe(85);
      expect(await again.knownTransactions(['t0-0', 't85-0'])).toEqual(new Set(['t85-0']));
      const view = again.view();
      expect(await contents(view)).toHaveLength(3);
      view.release();
      const kept = await readdir(join(directory, 'blocks'));
      expect(kept.length).toBeLessThan(5);
      await again.close();
    });
  });

  it('refuses everything after a failed write, in the order of blocks', async () => {
    await withDirectory(async (directory) => {
      const store = await open(directory);
      const blocks = committedBlocks([[], [], []]);
      await store.append(blocks[0]!);
      await rm(join(directory, 'blocks'), { recursive: true });
      // The full file makes the next block begin another one, in a directory that is gone.
      const large = committedBlocks(
        [[{ writes: [{ key: 'a', value: new Uint8Array(3_000) }], isBroken: false }]],
        1,
      )[0]!;
      await store.append(large);
      await expect(store.append(committedBlocks([[]], 2)[0]!)).rejects.toMatchObject({ code: 'ENOENT' });
      await expect(store.append(committedBlocks([[]], 3)[0]!)).rejects.toMatchObject({ code: 'ENOENT' });
      await store.close();
    });
  });
});

function writeOf(at: number) {
  return { key: (['a', 'b', 'c'] as const)[at % 3]!, value: new Uint8Array([at]) };
}
