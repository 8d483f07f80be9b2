import { describe, expect, it } from '@jest/globals';
import { upstreamFor } from './route.ts';

const routes = { home: 'primary', of: { analytical: 'mirror' } };

describe('a route', () => {
  it.each([
    ['analytical', undefined, 'mirror'],
    ['interactive', undefined, 'primary'],
    ['analytical', 'primary', 'primary'], // in a transaction, or pinned
    ['interactive', 'mirror', 'mirror'],
  ] as const)('of %s work, bound to %s, goes to the %s', (workClass, upstream, expected) => {
    expect(upstreamFor(workClass, routes, { upstream })).toBe(expected);
  });
});
