import { expect, it } from '@jest/globals';
import { MemoryLeaseBook } from '@medrex/cache/testing';
import type { PoolFigures } from '@medrex/pool';
import { proxyConfig, type ProxyConfig } from '../../config/proxy-config.ts';
import { LicenceShares } from './licence-shares.ts';
import { policyOf } from '../pool-policy.ts';

const iris = (connections = 8) => ({
  kind: 'iris',
  host: 'his',
  port: 1972,
  iris: { version: '2025.1', jars: ['driver.jar'], licence: { connections, sharedBy: 2 } },
});
const config = (id: number, more: object = {}): ProxyConfig =>
  proxyConfig.parse({
    upstreams: { a: iris(), b: iris() },
    databases: { ward: { upstream: 'a', user: 'proxy' }, lab: { upstream: 'b', user: 'proxy' } },
    auth: { userFile: 'users' },
    instance: { id },
    ...more,
  });
const nothing = { opening: 0, idle: 0, active: 0, resetting: 0, checking: 0, closing: 0, waiting: 0 };
const figures = (upstream: string, more: Partial<PoolFigures>): PoolFigures =>
  ({ ...nothing, name: { upstream, database: 'd', user: 'proxy', secret: 'mapped' }, ...more }) as PoolFigures;

it('lends what it does not need before any client has come', async () => {
  let nowMs = 0;
  const book = new MemoryLeaseBook(() => nowMs);
  const [idle, busy] = [1, 2].map((id) => new LicenceShares(config(id), () => book)) as [LicenceShares, LicenceShares];
  for (; nowMs < 5_000; nowMs += 100) {
    idle.tick(nowMs, () => []);
    busy.tick(nowMs, () => [figures('a', { active: 4, waiting: 9 })]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect([idle.limitOf('a', 'proxy'), busy.limitOf('a', 'proxy')]).toEqual([2, 6]);
});

it('counts a host once, under however many names it is configured', () => {
  const shares = new LicenceShares(config(1), undefined);
  const policy = policyOf(config(1), shares);
  expect([policy.licensedServer('a'), policy.licensedServer('b')]).toEqual(['a', 'a']);
  shares.tick(0, () => [figures('a', { active: 1 }), figures('b', { idle: 2 })]);
  expect(shares.shares()).toMatchObject([{ upstream: 'a', user: 'proxy', inUse: 3, granted: 4 }]);
});

it('gives back budgets that a RELOAD has changed', async () => {
  const book = new MemoryLeaseBook(() => 0);
  const shares = new LicenceShares(config(1), () => book);
  shares.tick(0, () => []);
  await new Promise((resolve) => setImmediate(resolve));
  expect(book.holders.size).toBe(1);
  shares.reload(config(1, { upstreams: { a: iris(6), b: iris(6) } }));
  await new Promise((resolve) => setImmediate(resolve));
  expect([book.holders.size, shares.shares().map(({ budget }) => budget)]).toEqual([0, [6]]);
});
