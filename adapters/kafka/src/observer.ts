import type { KafkaLine } from './cluster.ts';

/** Events of the clients of a log, with places and numbers only. All are optional. */
export interface KafkaObserver {
  readonly onLine?: (line: KafkaLine) => void;
  readonly appended?: (facts: { readonly records: number; readonly bytes: number; readonly elapsedMs: number }) => void;
  /** An append failed and is retried by a new producer. */
  readonly appendFailed?: (facts: { readonly topic: string; readonly failure: string; readonly tries: number }) => void;
  /** Reading failed and continues with a new client. */
  readonly readFailed?: (facts: { readonly topic: string; readonly failure: string }) => void;
  /** This process got other partitions of a shared topic. */
  readonly assigned?: (facts: {
    readonly group: string;
    readonly topic: string;
    readonly partitions: number;
    readonly generation: number;
  }) => void;
  /** No records were delivered for this long although there are new ones; the client is replaced. */
  readonly stalled?: (facts: { readonly topic: string; readonly partition: number; readonly waitedMs: number }) => void;
  /** Number of partitions that deliver nothing although they should. */
  readonly stalledNow?: (partitions: number) => void;
}
