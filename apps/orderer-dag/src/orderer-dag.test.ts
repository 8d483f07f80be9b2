import { describe, expect, it } from '@jest/globals';
import type { CodedError } from '@medrex/coded-error';
import { topics, type LogRun } from '@medrex/contracts';
import { OrdererDag } from './orderer-dag.ts';
import { deposit } from './testing/operations.ts';
import { settle } from './testing/manual-clock.ts';
import { TestChannel } from './testing/test-channel.ts';

async function opened(channel: TestChannel) {
  const superseded: CodedError[] = [];
  const dag = await OrdererDag.open({
    channels: [channel.channelOptions({})],
    onEnd: (error) => void superseded.push(error as CodedError),
  });
  return { dag, superseded };
}

/** All records of a topic as one run. */
function runOf(channel: TestChannel, topic: string): LogRun {
  const { start, end } = channel.topics.partition(topic, 0);
  const records = channel.topics.partition(topic, 0).read(start, Infinity, Infinity);
  return { topic, partition: 0, records, endOffset: end };
}

describe('OrdererDag', () => {
  it('reads operations from the start of its generation, and advice from the committed offset', async () => {
    const channel = await TestChannel.open();
    const { dag } = await opened(channel);
    expect(dag.startOf(topics.operations, 0)).toEqual({ at: 'offset', offset: 0 });
    expect(dag.startOf(topics.progress, 0)).toEqual({ at: 'offset', offset: 0 });
    expect(dag.startOf(topics.analyzed, 0)).toEqual({ at: 'committed' });
    expect(() => dag.startOf(topics.operations, 1)).toThrow(expect.objectContaining({ code: 'CHANNEL_UNMAPPED' }));
  });

  it('is ready once the earlier blocks are read, while the channel works', async () => {
    const channel = await TestChannel.open({ faults: { blockStreamStands: true } });
    const { dag } = await opened(channel);
    expect(dag.notReady()).toBe('catching-up');
    channel.ledger.setFaults({ blockStreamStands: false });
    await channel.clock.advance(10);
    expect(dag.notReady()).toBeUndefined();
    channel.ledger.setFaults({ endorsementFails: 1 });
    await channel.append([deposit('ann')]);
    await dag.onOperations(runOf(channel, topics.operations));
    await channel.clock.advance(100);
    expect(dag.notReady()).toBe('probe-failed');
    channel.ledger.setFaults({ endorsementFails: 0, verdict: () => 'BAD_RWSET' });
    await channel.clock.advance(10_000);
    expect(dag.notReady()).toBe('probe-failed');
    channel.ledger.setFaults({ verdict: ({ args }) => (args.some((arg) => arg[0] === 0) ? 'BAD_RWSET' : undefined) });
    await channel.clock.advance(10_000);
    expect(dag.notReady()).toBe('channel-stopped');
  });

  it('ends once, with an error, when a newer generation has taken over a channel', async () => {
    const channel = await TestChannel.open();
    const first = await opened(channel);
    await opened(channel);
    first.dag.onProgress(runOf(channel, topics.progress));
    first.dag.onProgress(runOf(channel, topics.progress));
    await settle();
    expect(first.superseded.map(({ code }) => code)).toEqual(['GENERATION_SUPERSEDED']);
    expect(first.dag.notReady()).toBe('ending');
    await first.dag.close();
  });
});
