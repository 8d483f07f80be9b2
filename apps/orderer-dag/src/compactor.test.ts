import { describe, expect, it } from '@jest/globals';
import { decodeOperations, topics } from '@medrex/contracts';
import { decodeCounterSummary, type CounterSummary, type Operation } from '@medrex/execute-batch';
import { counterDeltaKey } from '@medrex/keys';
import { seededRandom } from '@medrex/ledger';
import { Mortal } from './testing/mortal.ts';
import { anAssetOperation } from './testing/operations.ts';
import { TestChannel, type TestInstance } from './testing/test-channel.ts';

let channel: TestChannel;
let made = 0;
const counters = ['ward-1', 'ward-2', 'ward-3'];

/** One change of a counter, under an id of its own. */
function count(counter: string, amount: number): Operation {
  made += 1;
  return anAssetOperation({ do: 'count', counter, id: `d${made}`, amount });
}

async function read(counter: string): Promise<CounterSummary> {
  const { status, payload } = await channel.ledger.evaluate({
    ...{ channel: 'ehr', chaincode: 'medrex', creator: 'MedrexMSP', txId: `read-${++made}` },
    ...{ fn: 'readCounter', args: [Buffer.from(counter)] },
  });
  expect(status).toBe(200);
  return decodeCounterSummary(payload);
}

/** Compactions that stand in the log, by operation id, repeats included. */
async function compactions(): Promise<string[]> {
  const found: string[] = [];
  const log = channel.newLog();
  const { end } = await log.bounds(topics.operations, 0);
  let readTo = 0;
  const subscription = await log.subscribe(
    { group: `look-${++made}`, topic: topics.operations, from: { at: 'start' } },
    async ({ records }) => {
      readTo = (records.at(-1)?.offset ?? -1) + 1;
      for (const { operation } of records.flatMap(decodeOperations))
        if (operation.contract === 'housekeeping') found.push(operation.opId);
    },
  );
  await channel.until(() => readTo >= end);
  await subscription.close();
  return found;
}

describe('the compaction of counters', () => {
  let instance: TestInstance;

  it('begins at the limit, and a duplicate of a folded delta is answered from its record', async () => {
    channel = await TestChannel.open({ limits: { counterDeltasMax: 8 } });
    instance = await channel.start();
    const some = Array.from({ length: 7 }, () => count('ward-1', 3));
    await channel.append(some);
    await channel.quiet();
    await channel.clock.advance(1_000);
    expect(await read('ward-1')).toMatchObject({ value: 21, deltas: 7 });
    expect(await compactions()).toEqual([]);
    await channel.append([count('ward-1', -1)]);
    await channel.until(async () => (await read('ward-1')).deltas === 0);
    expect(await read('ward-1')).toMatchObject({ value: 20, deltas: 0 });
    const [again] = await channel.append(some.slice(0, 1));
    await channel.quiet();
    expect(channel.end(again ?? 0)).toBe('applied OK');
    expect(await read('ward-1')).toMatchObject({ value: 20, deltas: 0 });
    expect(await compactions()).toHaveLength(1);
    await instance.stop();
  });

  it('leaves alone a counter that others made unreadable, and says so', async () => {
    channel = await TestChannel.open({ limits: { counterDeltasMax: 2 } });
    instance = await channel.start();
    await channel.ledger.foreignWrite({ key: counterDeltaKey('ward-2', 'x'), value: Buffer.from('{}') });
    await channel.append([count('ward-2', 1), count('ward-2', 1), count('ward-1', 1), count('ward-1', 1)]);
    await channel.until(async () => (await read('ward-1')).deltas === 0);
    await channel.clock.advance(1_000);
    expect(instance.notes.some((note) => note.startsWith('trouble: compaction'))).toBe(true);
    expect(instance.notes.join()).not.toContain('ward-2');
    await instance.stop();
  });

  it.each([1, 2, 3, 4, 5, 6])(
    'gives the same sum before, during and after, and dies at any step without harm (seed %i)',
    async (seed) => {
      const chance = seededRandom(seed);
      channel = await TestChannel.open({ seed, limits: { counterDeltasMax: 10 } });
      const sums = new Map<string, number>();
      const sent: Operation[] = [];
      for (let round = 0; round < 6; round++) {
        const mortal = new Mortal(round < 5 ? 5 + Math.floor(chance() * 60) : undefined);
        instance = await channel.start({ mortal });
        const some = Array.from({ length: 60 }, () => {
          const counter = counters[Math.floor(chance() * counters.length)] ?? 'ward-1';
          const amount = Math.floor(chance() * 9) - 4;
          sums.set(counter, (sums.get(counter) ?? 0) + amount);
          return count(counter, amount);
        });
        const repeats = sent.filter(() => chance() < 0.1);
        sent.push(...some);
        await channel.append([...some, ...repeats]);
        if (round < 5) {
          await channel.until(() => mortal.isDead, 20_000).catch(() => mortal.kill());
        }
      }
      await channel.quiet();
      for (const counter of counters) {
        await channel.until(async () => {
          const { value, deltas } = await read(counter);
          expect(value).toBe(sums.get(counter));
          return deltas < 10;
        });
      }
      await instance.stop();
      expect((await compactions()).length).toBeGreaterThan(0);
      expect([...channel.outcomes().values()].every((told) => told.length === 1)).toBe(true);
      expect(instance.notes.filter((note) => note === 'returned: own')).toEqual([]);
    },
    60_000,
  );
});
