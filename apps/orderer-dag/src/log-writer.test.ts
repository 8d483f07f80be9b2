import { describe, expect, it } from '@jest/globals';
import type { EventLog, NewRecord } from '@medrex/contracts';
import { InMemoryEventLog, InMemoryTopics } from '@medrex/contracts/in-memory';
import { realClock } from '@medrex/contracts/testing';
import { LogWriter } from './log-writer.ts';
import { ManualClock, settle } from './testing/manual-clock.ts';

const topic = 'medrex.outcomes.v1';
const record = (text: string): NewRecord => ({ value: Buffer.from(text) });

/** A log whose first appends fail, and that counts the records of each append. */
function watched(failures: number) {
  const topics = new InMemoryTopics();
  const log = new InMemoryEventLog({ clock: realClock, topics });
  const calls: number[] = [];
  const failing: EventLog = Object.assign(Object.create(log) as EventLog, {
    append: async (to: string, partition: number, records: readonly NewRecord[]) => {
      calls.push(records.length);
      if (failures-- > 0) throw new Error('broker away');
      return log.append(to, partition, records);
    },
  });
  const clock = new ManualClock();
  const troubles: number[] = [];
  const writer = new LogWriter({
    log: failing,
    topic,
    partition: 0,
    clock,
    backoff: { baseMs: 100, capMs: 400, jitter: () => 0 },
    onFailure: (_error, count) => void troubles.push(count),
  });
  const texts = (): string[] =>
    topics
      .partition(topic, 0)
      .read(0, 1_000, 1_000_000)
      .map(({ value }) => Buffer.from(value).toString());
  return { writer, clock, calls, troubles, texts };
}

describe('LogWriter', () => {
  it('appends the records of one turn together, and later ones with the next append', async () => {
    const { writer, calls, texts } = watched(0);
    const durable: string[] = [];
    for (const text of ['a', 'b', 'c']) writer.write(record(text), () => void durable.push(text));
    await writer.drained();
    writer.write(record('d'), () => void durable.push('d'));
    await writer.drained();
    expect({ calls, texts: texts(), durable, waiting: writer.waiting }).toEqual({
      calls: [3, 1],
      texts: ['a', 'b', 'c', 'd'],
      durable: ['a', 'b', 'c', 'd'],
      waiting: 0,
    });
  });

  it('retries the same records until they are durable, and reports each failure', async () => {
    const { writer, clock, texts, troubles } = watched(3);
    let isDurable = false;
    writer.write(record('a'), () => (isDurable = true));
    await clock.advance(50 + 100);
    expect([isDurable, troubles]).toEqual([false, [1, 2, 3]]);
    await clock.advance(200);
    expect([isDurable, texts()]).toEqual([true, ['a']]);
  });

  it('splits long queues into appends of at most 64 records', async () => {
    const { writer, calls } = watched(0);
    for (let count = 0; count < 150; count++) writer.write(record(String(count)), () => undefined);
    await writer.drained();
    expect(calls).toEqual([64, 64, 22]);
  });

  it('drops records that are not durable when it is closed, and accepts no more', async () => {
    const { writer, clock, texts } = watched(1);
    writer.write(record('a'), () => expect('never durable').toBe('durable'));
    await settle();
    writer.close();
    writer.write(record('b'), () => undefined);
    await clock.advance(1_000);
    await writer.drained();
    expect([texts(), writer.waiting]).toEqual([[], 0]);
  });
});
