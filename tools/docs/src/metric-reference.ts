import { analyzerMetrics } from '@medrex/dependency-analyzer';
import { ingestMetrics } from '@medrex/ingest';
import { kafkaMetrics } from '@medrex/kafka';
import { ordererMetrics } from '@medrex/orderer-dag';
import { auditMetrics, pgProxyMetrics, trafficMetrics } from '@medrex/pg-proxy';
import { describeMetrics, poolMetrics, telemetryMetrics, type MetricDeclarations } from '@medrex/telemetry';
import { markdownTable, page } from './markdown.ts';

const services: readonly (readonly [string, MetricDeclarations])[] = [
  ['ingest', ingestMetrics],
  ['dependency-analyzer', analyzerMetrics],
  ['orderer-dag', ordererMetrics],
  ['pg-proxy', { ...pgProxyMetrics, ...trafficMetrics(['<database>']), ...auditMetrics }],
  ['Processes with connection pools (to PostgreSQL, Fabric, Redis, and the token endpoint for Kafka)', poolMetrics],
  ['Every service', telemetryMetrics],
  ['Every service on Kafka', kafkaMetrics],
];

/** docs/reference/metrics.md */
export function metricReference(): string {
  const sections = services.map(([service, declarations]) => {
    const rows = describeMetrics(declarations).map(({ name, kind, help, labels }) => [
      `\`${name}\``,
      kind,
      labels.join('; ') || '-',
      help,
    ]);
    return `## ${service}\n\n${markdownTable(['metric', 'kind', 'labels', 'meaning'], rows)}`;
  });
  return page(
    'Metrics',
    'Each service offers these Prometheus series at `/metrics`. Every series exists from the start, with the value zero. Label values are closed sets.',
    "each service's metrics.ts",
    sections.join('\n\n'),
  );
}
