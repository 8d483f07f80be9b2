type JestGlobals = Pick<typeof import('@jest/globals'), 'afterEach' | 'beforeEach' | 'describe' | 'expect' | 'it'>;

/**
 * Jest's functions from the globals of a test. Importing @jest/globals throws outside of Jest, but processes that a
 * test starts also use the builders and faults of this entry.
 */
export function jestGlobals(): JestGlobals {
  return globalThis as unknown as JestGlobals;
}
