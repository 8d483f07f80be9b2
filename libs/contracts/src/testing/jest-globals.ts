type JestGlobals = Pick<typeof import('@jest/globals'), 'afterEach' | 'beforeEach' | 'describe' | 'expect' | 'it'>;

/**
 * Jest's functions as they stand among the globals of a test. Importing @jest/globals throws outside of Jest, and the builders and
 * faults of this entry are also used by processes that a test starts.
 */
export function jestGlobals(): JestGlobals {
  return globalThis as unknown as JestGlobals;
}
