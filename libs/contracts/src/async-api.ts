import { z } from 'zod';
import { messages, type MessageDescription, type MessageName } from './messages.ts';
import { topicTable, type TopicDescription } from './topic-table.ts';

/** A JSON document as plain data, which can be printed as JSON or YAML. */
export type JsonDocument = { readonly [name: string]: unknown };

/** Short name of a topic inside the document: `medrex.ehr.intake.urgent.v1` is `ehr-intake-urgent`, its `.dlq` `ehr-intake-urgent-dlq`. */
function channelId(topic: string): string {
  return topic
    .replace(/^medrex\./, '')
    .replace(/\.v\d+(?=\.|$)/, '')
    .replaceAll('.', '-');
}

/**
 * The AsyncAPI 3.0 document of every topic, generated from the topic table and the message schemas. `send` and
 * `receive` are from the view of Medrex; its own processes do both on internal topics.
 */
export function asyncApi(info: { readonly version: string }): JsonDocument {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Medrex',
      version: info.version,
      description:
        'Topics that carry clinical transactions from hospital systems to the ledger, and their results back.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(topicTable.map((topic) => [channelId(topic.name), channel(topic)])),
    operations: Object.fromEntries(topicTable.flatMap(operations)),
    components: {
      messages: Object.fromEntries(messageNames().map((name) => [name, message(name)])),
    },
  };
}

function messageNames(): MessageName[] {
  return Object.keys(messages) as MessageName[];
}

function channel(topic: TopicDescription): JsonDocument {
  return {
    address: topic.name,
    title: channelId(topic.name),
    description: describe(topic),
    messages: { [topic.message]: { $ref: `#/components/messages/${topic.message}` } },
    bindings: {
      kafka: {
        topic: topic.name,
        partitions: topic.partitions,
        topicConfiguration: kafkaTopic(topic),
        bindingVersion: '0.5.0',
      },
    },
  };
}

function describe(topic: TopicDescription): string {
  const partitions =
    topic.partitionedBy === 'channel'
      ? 'one partition per channel'
      : `${topic.partitions} partitions, chosen by the key`;
  const key = topic.key === undefined ? 'no key' : `key: ${topic.key}`;
  return `${topic.description} ${capitalised(partitions)}; ${key}. Written by ${topic.writers.join(', ')}; read by ${topic.readers.join(', ')}.`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Kafka settings of the topic, in the form of the AsyncAPI Kafka binding. */
function kafkaTopic({ retention, recordBytesMax }: TopicDescription): JsonDocument {
  const limit = { 'max.message.bytes': recordBytesMax };
  if (retention.cleanup === 'compact') return { 'cleanup.policy': ['compact'], ...limit };
  if (retention.cleanup === 'mark')
    return { 'cleanup.policy': ['delete'], 'retention.ms': -1, 'retention.bytes': -1, ...limit };
  const { retentionMs, retentionBytes = -1 } = retention;
  return { 'cleanup.policy': ['delete'], 'retention.ms': retentionMs, 'retention.bytes': retentionBytes, ...limit };
}

function operations(topic: TopicDescription): [string, JsonDocument][] {
  const id = channelId(topic.name);
  const actions =
    topic.direction === 'internal'
      ? (['send', 'receive'] as const)
      : [topic.direction === 'in' ? ('receive' as const) : ('send' as const)];
  return actions.map((action) => [
    `${action}-${id}`,
    {
      action,
      channel: { $ref: `#/channels/${id}` },
      title: `${capitalised(action)} ${messages[topic.message].title.toLowerCase()}`,
      messages: [{ $ref: `#/channels/${id}/messages/${topic.message}` }],
    },
  ]);
}

function message(name: MessageName): JsonDocument {
  const { title, summary, contentType, schema, example, version, headers }: MessageDescription = messages[name];
  return {
    name,
    title,
    summary: `${summary} Version ${version}.`,
    contentType,
    ...(headers !== undefined && { headers: z.toJSONSchema(headers, { target: 'draft-7', io: 'input' }) }),
    payload: z.toJSONSchema(schema, { target: 'draft-7', io: 'input' }),
    examples: [{ name: `${name} example`, payload: example }],
  };
}
