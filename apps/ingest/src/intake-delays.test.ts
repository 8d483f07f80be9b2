import { beforeEach, describe, expect, it } from '@jest/globals';
import { topics, type Receipt } from '@medrex/contracts';
import { IntakeDelays, waitingForRoom } from './intake-delays.ts';

const place = (offset: number, partition = 3) => ({ topic: topics.intake, partition, offset });
const startMs = 1_790_000_000_000;

describe('receipts about paused partitions', () => {
  let nowMs: number;
  let published: Receipt[];
  let isDown: boolean;
  let delays: IntakeDelays;
  const after = async (ms: number): Promise<readonly Receipt[]> => {
    nowMs += ms;
    await delays.writeDueReceipts();
    return published.splice(0);
  };

  beforeEach(() => {
    [nowMs, published, isDown] = [startMs, [], false];
    delays = new IntakeDelays({
      receipts: {
        publish: async (receipts) => {
          if (isDown) throw new Error('down');
          published.push(...receipts);
        },
      },
      placeId: ({ partition, offset }) => `${partition}/${offset}`,
      retryAfterS: () => 7,
      nowMs: () => nowMs,
      onFailure: () => undefined,
    });
  });

  it('name the record, the start and the class; are repeated every 30 s; and report the end', async () => {
    delays.paused(place(40), waitingForRoom, 'audit');
    expect(await after(999)).toEqual([]);
    const delayed = {
      source: topics.intake,
      id: '3/40',
      isIdMinted: true,
      state: 'delayed',
      code: 'WAITING_FOR_ROOM',
      items: [],
      issues: [],
      intake: place(40),
      delay: { class: 'audit', sinceMs: startMs, expectedS: 7 },
    };
    expect(await after(1)).toEqual([{ ...delayed, atMs: startMs + 1_000 }]);
    expect(await after(29_999)).toEqual([]);
    delays.paused(place(44), waitingForRoom, 'financial');
    expect(await after(1)).toMatchObject([{ id: '3/40', intake: place(44), delay: { class: 'financial' } }]);
    delays.resumed(place(0));
    expect(await after(9_999)).toEqual([]);
    const resumed = { id: '3/40', state: 'resumed', code: 'OK', delay: { class: 'financial', sinceMs: startMs } };
    expect(await after(1)).toMatchObject([resumed]);
    expect(await after(60_000)).toEqual([]);
  });

  it('are not written for a pause below a second', async () => {
    delays.paused(place(1), waitingForRoom, 'audit');
    delays.resumed(place(0));
    expect(await after(5_000)).toEqual([]);
  });

  it('are written once for a partition that pauses again and again', async () => {
    delays.paused(place(1), waitingForRoom, 'audit');
    expect(await after(1_000)).toHaveLength(1);
    for (let offset = 2; offset < 8; offset++) {
      delays.resumed(place(0));
      expect(await after(3_000)).toEqual([]);
      delays.paused(place(offset), waitingForRoom, 'audit');
    }
    delays.resumed(place(0));
    expect(await after(10_000)).toMatchObject([{ state: 'resumed', intake: place(7) }]);
  });

  it('are written for each partition separately, with the code of the unavailable service', async () => {
    delays.paused(place(1, 0), waitingForRoom, 'audit');
    delays.paused(place(1, 1), 'VAULT_UNAVAILABLE');
    const [room, vault] = await after(1_000);
    expect(room).toMatchObject({ intake: place(1, 0), code: 'WAITING_FOR_ROOM' });
    expect(vault).toMatchObject({ intake: place(1, 1), code: 'VAULT_UNAVAILABLE', delay: { sinceMs: startMs } });
  });

  it('are written later when the log does not accept them now', async () => {
    delays.paused(place(1), waitingForRoom, 'audit');
    isDown = true;
    expect(await after(1_000)).toEqual([]);
    isDown = false;
    expect(await after(1_000)).toMatchObject([{ state: 'delayed' }]);
  });
});
