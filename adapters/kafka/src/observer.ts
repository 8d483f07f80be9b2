import type { KafkaLine } from './cluster.ts';

/** What the clients of a log tell of themselves; places and numbers only. All of it is optional. */
export interface KafkaObserver {
  readonly onLine?: (line: KafkaLine) => void;
  readonly appended?: (facts: { readonly records: number; readonly bytes: number; readonly elapsedMs: number }) => void;
  /** An append failed and is tried again by a new producer. */
  readonly appendFailed?: (facts: { readonly topic: string; readonly failure: string; readonly tries: number }) => void;
  /** Reading failed and goes on with a new client. */
  readonly readFailed?: (facts: { readonly topic: string; readonly failure: string }) => void;
  /** This process was given other partitions of a topic that its group shares. */
  readonly assigned?: (facts: {
    readonly group: string;
    readonly topic: string;
    readonly partitions: number;
    readonly generation: number;
  }) => void;
  /** There were records to read and none came for this long: the client is made anew. */
  readonly stalled?: (facts: { readonly topic: string; readonly partition: number; readonly waitedMs: number }) => void;
  /** How many partitions bring nothing now although they should. */
  readonly stalledNow?: (partitions: number) => void;
}
