import { describe, expect, it } from '@jest/globals';
import { anId, anOutcome, aStatus } from '../testing/builders.ts';
import { statusStoreContract } from '../testing/status-store-contract.ts';
import { InMemoryStatusStore } from './status-store.ts';

statusStoreContract('InMemoryStatusStore', async () => {
  const store = new InMemoryStatusStore();
  return { store, dispose: () => store.close() };
});

describe('InMemoryStatusStore', () => {
  it('forgets the operations that were settled first, beyond its bound, and no pending one', async () => {
    const store = new InMemoryStatusStore({ settledMax: 2 });
    const ids = [0, 1, 2, 3].map(anId);
    await store.accepted(ids.map((opId) => aStatus({ opId })));
    const settled = ids.slice(0, 3).map((opId) => ({ outcome: anOutcome({ opId }), settledAtMs: 1 }));
    await store.settled(settled, { topic: 'outcomes', partition: 0, offset: 0 });
    const states = (await store.get(ids)).map((status) => status?.state);
    expect(states).toEqual([undefined, 'applied', 'applied', 'pending']);
  });
});
