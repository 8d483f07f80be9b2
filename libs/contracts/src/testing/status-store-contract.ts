import type { SettledPlace, StatusStore } from '../status-store.ts';
import { anId, anOutcome, aStatus } from './builders.ts';
import { jestGlobals } from './jest-globals.ts';

export interface StatusStoreSubject {
  readonly store: StatusStore;
  /** Removes the store's contents. */
  dispose(): Promise<void>;
}

/** The rules of the StatusStore port, as tests that every implementation passes. @param open makes an empty store. */
export function statusStoreContract(name: string, open: () => Promise<StatusStoreSubject>): void {
  const { afterEach, beforeEach, describe, expect, it } = jestGlobals();
  describe(`${name} as a status store`, () => {
    let subject: StatusStoreSubject;
    let store: StatusStore;
    beforeEach(async () => {
      subject = await open();
      ({ store } = subject);
    });
    afterEach(() => subject.dispose());
    const at = { topic: 'outcomes', partition: 0, offset: 0 };
    const ids = [1, 2, 3, 4].map(anId) as [string, string, string, string];

    it('answers in the order of the ids, and distinguishes unknown from pending', async () => {
      const pending = aStatus({ opId: ids[1], seq: undefined });
      await store.accepted([pending]);
      expect(await store.get([ids[0], ids[1], ids[0]])).toEqual([undefined, pending, undefined]);
      expect(await store.get([])).toEqual([]);
    });

    it('keeps an accepted operation as it was stored first', async () => {
      await store.accepted([aStatus({ opId: ids[0], seq: 5, acceptedAtMs: 100 })]);
      await store.accepted([aStatus({ opId: ids[0], seq: 9, acceptedAtMs: 200 }), aStatus({ opId: ids[1] })]);
      const [first, second] = await store.get([ids[0], ids[1]]);
      expect(first).toEqual(aStatus({ opId: ids[0], seq: 5, acceptedAtMs: 100 }));
      expect(second).toEqual(aStatus({ opId: ids[1] }));
    });

    it('settles with the whole outcome, and repeats change nothing', async () => {
      const outcome = anOutcome({
        opId: ids[0],
        seq: 7,
        status: 'rejected',
        code: 'STALE_VERSION',
        message: 'version 2 is expected',
        item: 3,
        detail: { entry: 1, expected: ['a', null, 2.5] },
        txId: 'tx-9',
        blockNum: 12,
        txNum: 1,
        undeclared: [{ key: 'cli~bed~12' as never, mode: 'readWrite' }],
        traceparent: '00-aa-bb-01',
        author: 'dr-1',
      });
      await store.accepted([aStatus({ opId: ids[0], seq: 7, acceptedAtMs: 100 })]);
      await store.settled([{ outcome, settledAtMs: 250 }], at);
      const settled = aStatus({
        opId: ids[0],
        seq: 7,
        acceptedAtMs: 100,
        state: 'rejected',
        outcome,
        settledAtMs: 250,
      });
      expect(await store.get([ids[0]])).toEqual([settled]);
      await store.settled([{ outcome, settledAtMs: 300 }], { ...at, offset: 1 });
      await store.accepted([aStatus({ opId: ids[0], seq: 7 })]);
      expect(await store.get([ids[0]])).toEqual([settled]);
    });

    it('stores an outcome that comes before the acceptance, and keeps it', async () => {
      const outcome = anOutcome({ opId: ids[0], seq: 4 });
      await store.settled([{ outcome, settledAtMs: 250 }], at);
      await store.accepted([aStatus({ opId: ids[0], seq: 4, acceptedAtMs: 100 })]);
      expect(await store.get([ids[0]])).toMatchObject([{ state: 'applied', seq: 4, outcome, settledAtMs: 250 }]);
    });

    it('does not change an operation when another message under its id was refused', async () => {
      const first = aStatus({ opId: ids[0], seq: 1 });
      await store.accepted([first]);
      const other = anOutcome({
        opId: ids[0],
        sourceHash: anId('other'),
        seq: 2,
        status: 'rejected',
        code: 'ID_REUSED',
      });
      await store.settled([{ outcome: other, settledAtMs: 200 }], at);
      expect(await store.get([ids[0]])).toEqual([first]);
      const own = anOutcome({ opId: ids[0], seq: 1 });
      await store.settled([{ outcome: own, settledAtMs: 300 }], at);
      await store.settled([{ outcome: other, settledAtMs: 400 }], at);
      expect(await store.get([ids[0]])).toMatchObject([{ state: 'applied', outcome: own, settledAtMs: 300 }]);
    });

    it('keeps the last position of each topic and partition', async () => {
      expect(await store.position('outcomes', 0)).toBeUndefined();
      await store.settled([], { ...at, offset: 41 });
      await store.settled([], { ...at, offset: 42 });
      await store.settled([], { ...at, partition: 1, offset: 7 });
      expect(await store.position('outcomes', 0)).toBe(42);
      expect(await store.position('outcomes', 1)).toBe(7);
      expect(await store.position('other', 0)).toBeUndefined();
    });

    it('lists dead operations, the newest first', async () => {
      const outcomes = ids.map((opId, index) => ({
        outcome: anOutcome({ opId, status: index === 1 ? 'applied' : 'dead', code: 'EXPIRED' }),
        settledAtMs: [300, 400, 100, 200][index] as number,
      }));
      await store.settled(outcomes, at);
      expect((await store.dead(10)).map(({ opId }) => opId)).toEqual([ids[0], ids[3], ids[2]]);
      expect((await store.dead(1)).map(({ opId }) => opId)).toEqual([ids[0]]);
    });

    it('lists operations settled before a time, by channel, the oldest first, from any position on', async () => {
      const others = ['other', 'third'].map(anId) as [string, string];
      await store.accepted([...ids, ...others].map((opId) => aStatus({ opId, acceptedAtMs: 1 })));
      const settle = (opId: string, settledAtMs: number) => ({ outcome: anOutcome({ opId }), settledAtMs });
      const [early, same, late] = [...ids.slice(0, 3)].sort() as [string, string, string];
      await store.settled([settle(late, 300), settle(same, 200), settle(early, 200)], at);
      await store.settled([settle(others[0], 100)], { ...at, partition: 1 });
      const list = async (beforeMs: number, limit: number, after?: SettledPlace, partition = 0) => {
        const found = await store.settledBefore({ partition, beforeMs, limit, ...(after && { after }) });
        expect(found).toEqual(await store.get(found.map(({ opId }) => opId)));
        return found.map(({ opId }) => opId);
      };
      expect(await list(1_000, 10)).toEqual([early, same, late]);
      expect(await list(300, 10)).toEqual([early, same]);
      expect(await list(1_000, 2)).toEqual([early, same]);
      expect(await list(1_000, 10, { settledAtMs: 200, opId: early })).toEqual([same, late]);
      expect(await list(1_000, 10, { settledAtMs: 300, opId: late })).toEqual([]);
      expect(await list(1_000, 10, undefined, 1)).toEqual([others[0]]);
    });

    it('deletes settled operations, and never pending ones', async () => {
      await store.accepted([aStatus({ opId: ids[3] })]);
      const settled = ids.slice(0, 3).map((opId) => ({ outcome: anOutcome({ opId, status: 'dead' }), settledAtMs: 5 }));
      await store.settled(settled, at);
      await store.forget([ids[0], ids[3], ids[1], anId('unknown')]);
      await store.forget([ids[0]]);
      const states = (await store.get(ids)).map((status) => status?.state);
      expect(states).toEqual([undefined, undefined, 'dead', 'pending']);
      expect((await store.dead(10)).map(({ opId }) => opId)).toEqual([ids[2]]);
      expect(await store.settledBefore({ partition: 0, beforeMs: 10, limit: 10 })).toHaveLength(1);
    });

    it('takes ids of any shape', async () => {
      const opIds = ['', 'op-1', 'ABCDEF', 'abcdef', "'; --", '\u00e4\u{1F600}', 'a'.repeat(300)];
      await store.accepted(opIds.map((opId, seq) => aStatus({ opId, sourceHash: opId, seq })));
      expect((await store.get(opIds)).map((status) => [status?.opId, status?.sourceHash, status?.seq])).toEqual(
        opIds.map((opId, seq) => [opId, opId, seq]),
      );
    });

    it('accepts thousands at once', async () => {
      const many = Array.from({ length: 3_000 }, (_, index) => anId(index));
      await store.accepted(many.map((opId, seq) => aStatus({ opId, seq })));
      const outcomes = many.slice(0, 2_500).map((opId, seq) => ({ outcome: anOutcome({ opId, seq }), settledAtMs: 5 }));
      await store.settled(outcomes, at);
      const states = (await store.get(many)).map((status) => status?.state);
      expect(states.filter((state) => state === 'applied')).toHaveLength(2_500);
      expect(states.slice(2_500).every((state) => state === 'pending')).toBe(true);
      const old = await store.settledBefore({ partition: 0, beforeMs: 6, limit: 10_000 });
      await store.forget(old.map(({ opId }) => opId));
      expect((await store.get(many)).filter((status) => status !== undefined)).toHaveLength(500);
    });
  });
}
