import type { AccessMode } from './declared-key.ts';

/** One line of a key template. */
export interface KeyPattern {
  /**
   * A key with placeholders: `cli~res~Observation~{id}`, or `<id>`. Each placeholder is one escaped part, named by what it holds (`patient`, `time`,
   * `opId`). A pattern that ends in `*` is a range read of everything behind the prefix.
   */
  readonly pattern: string;
  readonly mode: AccessMode;
  /** Only the state can tell the key: it is found while the operation is applied. */
  readonly discovered?: boolean;
}

/** Which keys an operation touches and how: what its contract declares, as data. */
export interface KeyTemplate {
  /** e.g. `Observation.create`. */
  readonly operation: string;
  readonly version: number;
  readonly keys: readonly KeyPattern[];
}
