import { topicTable, type Retention } from '@medrex/contracts';
import { markdownTable, page } from './markdown.ts';

const day = 86_400_000;

function stay(retention: Retention): string {
  switch (retention.cleanup) {
    case 'age':
      return `${retention.retentionMs / day} days`;
    case 'mark':
      return 'until they are below the low-water mark';
    case 'compact':
      return 'the newest of each key';
  }
}

/** docs/reference/topics.md */
export function topicReference(): string {
  const rows = topicTable.map((topic) => [
    `\`${topic.name}\``,
    topic.description,
    topic.key ?? '-',
    topic.partitionedBy === 'channel' ? 'one per channel' : `${topic.partitions}, by key`,
    stay(topic.retention),
    topic.writers.join(', '),
    topic.readers.join(', '),
    topic.isClearText ? 'yes' : 'no',
  ]);
  const table = markdownTable(
    ['topic', 'carries', 'record key', 'partitions', 'records stay', 'written by', 'read by', 'clear text'],
    rows,
  );
  return page(
    'Topics',
    'All communication between processes uses these topics, on Kafka and on the embedded log alike. [asyncapi.json](asyncapi.json) has the schemas and examples.',
    'libs/contracts/src/topic-table.ts',
    table,
  );
}
