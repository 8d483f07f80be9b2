import { describe, expect, it } from '@jest/globals';
import type { LiveOperation } from './live-operation.ts';
import { LiveOperations } from './live-operations.ts';
import { settle } from './testing/manual-clock.ts';

const operation = (seq: number, bytes = 10): LiveOperation => ({
  seq,
  opId: String(seq),
  sourceHash: '',
  sealedName: '',
  item: 0,
  class: 'clinical',
  keys: [],
  day: '',
  bytes: new Uint8Array(bytes),
  acceptedAtMs: 0,
  admittedAtMs: 0,
});

describe('LiveOperations', () => {
  const asked = (live: LiveOperations): { answer: boolean | undefined } => {
    const asking: { answer: boolean | undefined } = { answer: undefined };
    void live.room().then((answer) => (asking.answer = answer));
    return asking;
  };

  it('has no room above either limit until an operation ends', async () => {
    const live = new LiveOperations({ operationsMax: 2, bytesMax: 1_000 });
    live.add(operation(1));
    live.add(operation(2));
    const asking = asked(live);
    await settle();
    expect(asking.answer).toBeUndefined();
    live.remove(1);
    await settle();
    expect([asking.answer, live.size, live.bytes]).toEqual([true, 1, 10]);
  });

  it('always has room for one operation, whatever its size', async () => {
    const live = new LiveOperations({ operationsMax: 2, bytesMax: 1 });
    expect(await live.room()).toBe(true);
    live.add(operation(1, 5_000));
    const asking = asked(live);
    await settle();
    expect(asking.answer).toBeUndefined();
    live.remove(1);
    await settle();
    expect(asking.answer).toBe(true);
  });

  it('resolves waits with false when it is closed', async () => {
    const live = new LiveOperations({ operationsMax: 1, bytesMax: 1 });
    live.add(operation(1));
    const asking = asked(live);
    live.close();
    await settle();
    expect([asking.answer, await live.room()]).toEqual([false, false]);
  });
});
