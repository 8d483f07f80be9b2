import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { anId, anOutcome, aStatus, statusStoreContract } from '@medrex/contracts/testing';
import { aFolder } from '../event-log/testing/a-folder.ts';
import { EmbeddedStatusStore } from './status-store.ts';

statusStoreContract('EmbeddedStatusStore', async () => {
  const folder = aFolder();
  const store = new EmbeddedStatusStore({ file: join(folder.path, 'status', 'status.sqlite') });
  return {
    store,
    dispose: async () => {
      await store.close();
      folder.remove();
    },
  };
});

describe('EmbeddedStatusStore', () => {
  let folder: ReturnType<typeof aFolder>;
  const open: EmbeddedStatusStore[] = [];
  const openStore = (waitingRowsMax?: number): EmbeddedStatusStore => {
    const store = new EmbeddedStatusStore({ file: join(folder.path, 'status.sqlite'), waitingRowsMax });
    open.push(store);
    return store;
  };
  beforeEach(() => {
    folder = aFolder();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((store) => store.close()));
    folder.remove();
  });
  const at = { topic: 'outcomes', partition: 0, offset: 7 };

  it('keeps statuses and positions over a restart', async () => {
    const store = openStore();
    await store.accepted([aStatus({ opId: anId(1) }), aStatus({ opId: anId(2) })]);
    await store.settled([{ outcome: anOutcome({ opId: anId(1) }), settledAtMs: 5 }], at);
    await store.close();
    const reopened = openStore();
    expect((await reopened.get([anId(1), anId(2)])).map((status) => status?.state)).toEqual(['applied', 'pending']);
    expect(await reopened.position('outcomes', 0)).toBe(7);
  });

  it('shows each of its users at once what the others stored, and all may write', async () => {
    const stores = [openStore(), openStore(), openStore()];
    await Promise.all(
      stores.map((store, index) =>
        store.accepted(
          Array.from({ length: 50 }, (_, at) => aStatus({ opId: anId(`${index % 2}-${at}`), seq: index })),
        ),
      ),
    );
    const ids = Array.from({ length: 100 }, (_, at) => anId(`${at % 2}-${Math.floor(at / 2)}`));
    for (const store of stores) {
      expect((await store.get(ids)).every((status) => status?.state === 'pending')).toBe(true);
    }
  });

  it('stores a run and its position together or not at all', async () => {
    const store = openStore();
    await store.settled([], { ...at, offset: 3 });
    const good = { outcome: anOutcome({ opId: anId(1) }), settledAtMs: 5 };
    const unwritable = { outcome: anOutcome({ opId: anId(2) }), settledAtMs: NaN };
    await expect(store.settled([good, unwritable], at)).rejects.toMatchObject({
      code: 'STATUS_STORE_FAILED',
      retryable: true,
    });
    expect(await store.get([anId(1), anId(2)])).toEqual([undefined, undefined]);
    expect(await store.position('outcomes', 0)).toBe(3);
  });

  it('refuses a run when too many rows are waiting already', async () => {
    const store = openStore(3);
    const run = [1, 2].map((seq) => aStatus({ opId: anId(seq), seq }));
    const first = store.accepted(run);
    await expect(store.accepted(run)).rejects.toMatchObject({ code: 'STATUS_STORE_BACKLOG', retryable: true });
    await first;
    await store.accepted([...run, ...run]);
  });

  it('fails when it is used after it was closed', async () => {
    const store = openStore();
    await store.close();
    await expect(store.get([anId(1)])).rejects.toMatchObject({ code: 'STATUS_STORE_CLOSED' });
    await expect(store.accepted([])).rejects.toMatchObject({ code: 'STATUS_STORE_CLOSED' });
  });
});
