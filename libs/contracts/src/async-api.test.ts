import { describe, expect, it } from '@jest/globals';
import { asyncApi } from './async-api.ts';
import { messages } from './messages.ts';
import { dedupeWindowMs, retentionOf, topicDescription, topicTable } from './topic-table.ts';
import { topics } from './topics.ts';

const document = asyncApi({ version: '0.1.0' }) as {
  readonly asyncapi: string;
  readonly channels: Record<string, { address: string; bindings: { kafka: { topicConfiguration: unknown } } }>;
  readonly operations: Record<string, { action: string }>;
};

/** Every `$ref` of the document, followed. */
function references(value: unknown): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    if (name !== '$ref') return references(inner);
    const path = String(inner).replace(/^#\//, '').split('/');
    const found = path.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document);
    return [[String(inner), found]];
  });
}

describe('the topic table', () => {
  it('has a row for every topic, and contains every message', () => {
    expect(topicTable.map(({ name }) => name).sort()).toEqual(Object.values(topics).sort());
    expect(new Set(topicTable.map(({ message }) => message))).toEqual(new Set(Object.keys(messages)));
    expect(topicDescription('not.ours')).toBeUndefined();
  });

  it('keeps operations until the low-water mark has passed, and intake for the dedupe window', () => {
    expect(retentionOf(topics.operations)).toEqual({ cleanup: 'mark' });
    expect(retentionOf('not.ours')).toEqual({ cleanup: 'mark' });
    expect(retentionOf(topics.progress)).toEqual({ cleanup: 'compact' });
    for (const topic of [topics.intake, topics.intakeUrgent]) {
      expect(retentionOf(topic)).toEqual({ cleanup: 'age', retentionMs: dedupeWindowMs });
    }
  });

  it('marks only the topics that hospitals write and read as plain text', () => {
    const clear = topicTable.filter(({ isClearText }) => isClearText).map(({ name }) => name);
    expect(clear).toEqual([topics.intake, topics.intakeUrgent, topics.receipts]);
  });
});

describe('the AsyncAPI document', () => {
  it('describes every topic at its address, with its settings on Kafka', () => {
    expect(document.asyncapi).toBe('3.0.0');
    expect(Object.values(document.channels).map(({ address }) => address)).toEqual(topicTable.map(({ name }) => name));
    expect(document.channels['operations']?.bindings.kafka.topicConfiguration).toEqual({
      'cleanup.policy': ['delete'],
      'retention.ms': -1,
      'retention.bytes': -1,
      'max.message.bytes': 8_388_608,
    });
    expect(document.channels['progress']?.bindings.kafka.topicConfiguration).toMatchObject({
      'cleanup.policy': ['compact'],
    });
  });

  it('receives what hospitals send, sends receipts, and does both between its own processes', () => {
    const actions = Object.keys(document.operations);
    expect(actions).toEqual(
      expect.arrayContaining(['receive-ehr-intake', 'send-ehr-receipts', 'send-blocks', 'receive-blocks']),
    );
    expect(actions).not.toEqual(expect.arrayContaining(['send-ehr-intake']));
  });

  it('has no dangling reference, and is plain JSON', () => {
    const followed = references(document);
    expect(followed.length).toBeGreaterThan(topicTable.length * 3);
    for (const [reference, found] of followed) expect([reference, found]).toEqual([reference, expect.anything()]);
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });
});
