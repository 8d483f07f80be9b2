/** Metrics of the clients of a Kafka log; a process defines them when it opens one. */
export const kafkaMetrics = {
  appendSeconds: {
    name: 'medrex_kafka_append_seconds',
    kind: 'histogram',
    help: 'Time of one produce request, until all replicas have it.',
  },
  appendedRecords: {
    name: 'medrex_kafka_appended_records_total',
    kind: 'counter',
    help: 'Records that the brokers accepted.',
  },
  appendedBytes: { name: 'medrex_kafka_appended_bytes_total', kind: 'counter', help: 'Bytes of these records.' },
  appendFailures: {
    name: 'medrex_kafka_append_failures_total',
    kind: 'counter',
    help: 'Failed produce requests; a new producer sends the same records again before anything else.',
  },
  readFailures: {
    name: 'medrex_kafka_read_failures_total',
    kind: 'counter',
    help: 'How often reading a topic failed and continued with a new connection.',
  },
  assignments: {
    name: 'medrex_kafka_assignments_total',
    kind: 'counter',
    help: 'How often the partitions of a shared topic were reassigned. Growing steadily: members come and go, or their heartbeats are too late.',
  },
  assignedPartitions: {
    name: 'medrex_kafka_assigned_partitions',
    kind: 'gauge',
    help: 'Partitions of the intake topics that this process reads.',
  },
  stalls: {
    name: 'medrex_kafka_stalls_total',
    kind: 'counter',
    help: 'Readers that got no record for MEDREX_KAFKA_STALL_MS while the log grew, and got a new connection.',
  },
  stalledPartitions: {
    name: 'medrex_kafka_stalled_partitions',
    kind: 'gauge',
    help: 'Partitions that have delivered nothing for MEDREX_KAFKA_STALL_MS: the log grows without their reader, or their broker does not answer. /readyz names them; look at their leader.',
  },
} as const;
