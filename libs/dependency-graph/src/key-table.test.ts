import { describe, expect, it } from '@jest/globals';
import { KEY_HEAD, KEY_TAIL, KeyTable } from './key-table.ts';
import { testKey } from './testing/index.ts';

/** Keeps the key live. */
function use(table: KeyTable, name: number): number {
  const key = table.intern(testKey(name));
  table.records.set(key, KEY_HEAD, 1);
  table.records.set(key, KEY_TAIL, 1);
  return key;
}

function free(table: KeyTable, key: number): void {
  table.records.set(key, KEY_HEAD, 0);
  table.records.set(key, KEY_TAIL, 0);
  table.becameIdle();
}

describe('KeyTable', () => {
  it('gives each name one number while it is live, and forgets all when none is live', () => {
    const table = new KeyTable();
    const key = use(table, 1);
    expect(use(table, 1)).toBe(key);
    expect([table.find(testKey(1)), table.find(testKey(2)), table.live]).toEqual([key, 0, 1]);
    free(table, key);
    expect([table.find(testKey(1)), table.live, table.isEmpty]).toEqual([0, 0, true]);
  });

  it('keeps a bounded number of idle keys while others are live, and never confuses their numbers', () => {
    const table = new KeyTable();
    const kept = use(table, 0);
    let most = 0;
    let isMixedUp = false;
    for (let name = 1; name <= 100_000; name += 1) {
      const key = use(table, name);
      isMixedUp ||= key === kept;
      free(table, key);
      most = Math.max(most, table.records.used);
    }
    expect([isMixedUp, most <= 32_770]).toEqual([false, true]);
    expect([table.live, table.find(testKey(0))]).toEqual([1, kept]);
    free(table, kept);
    expect(table.isEmpty).toBe(true);
  });

  it('reuses an idle key when its name returns', () => {
    const table = new KeyTable();
    const other = use(table, 0);
    const key = use(table, 1);
    free(table, key);
    expect([table.live, table.find(testKey(1))]).toEqual([1, 0]);
    expect(use(table, 1)).toBe(key);
    expect([...table.liveKeys()].map(([name]) => name)).toEqual([testKey(0), testKey(1)]);
    free(table, key);
    free(table, other);
    expect(table.isEmpty).toBe(true);
  });
});
