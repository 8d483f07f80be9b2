import { expect, it } from '@jest/globals';
import { topics, topicTable } from '@medrex/contracts';
import { topicManifest } from './manifest.ts';

const manifest = topicManifest({ channels: 3, replicationFactor: 3, minInSyncReplicas: 2 });
const of = (name: string) => manifest.find((topic) => topic.name === name);

it('has every topic of the table, with a partition of the internal ones for each channel', () => {
  expect(manifest.map(({ name }) => name)).toEqual(topicTable.map(({ name }) => name));
  expect([of(topics.operations)?.partitions, of(topics.intake)?.partitions]).toEqual([3, 12]);
});

it('never deletes operations automatically, compacts progress, and accepts records of more than 8 MiB', () => {
  expect(of(topics.operations)?.configs).toMatchObject({ 'retention.ms': '-1', 'retention.bytes': '-1' });
  expect(of(topics.progress)?.configs).toMatchObject({ 'cleanup.policy': 'compact', 'segment.ms': '60000' });
  for (const { configs } of manifest) expect(Number(configs['max.message.bytes'])).toBeGreaterThan(8 * 1024 * 1024);
});

it('divides the bytes of a topic over its partitions, as Kafka counts them', () => {
  expect(of(topics.receipts)?.configs['retention.bytes']).toBe(String(Math.floor((4 * 1024 ** 3) / 12)));
});
