import type { Component } from '../schema/migrate.ts';

/** Tables of the status store. States: 0 pending, 1 applied, 2 rejected, 3 dead. */
export const statusTables: Component = {
  name: 'statuses',
  steps: [
    `
    CREATE TABLE S.status_operations (
      op_id text COLLATE "C" PRIMARY KEY, source_hash text COLLATE "C" NOT NULL, state smallint NOT NULL, seq bigint,
      accepted_at_ms bigint NOT NULL, settled_at_ms bigint, outcome text, partition integer NOT NULL
    );
    CREATE INDEX status_operations_dead ON S.status_operations (settled_at_ms) WHERE state = 3;
    CREATE INDEX status_operations_settled ON S.status_operations (partition, settled_at_ms, op_id)
      WHERE settled_at_ms IS NOT NULL;
    CREATE TABLE S.status_positions (
      topic text NOT NULL, partition integer NOT NULL, at_offset bigint NOT NULL, PRIMARY KEY (topic, partition)
    );
    `,
  ],
};
