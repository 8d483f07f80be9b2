import type { AccessMode } from './declared-key.ts';

/** One line of a key template. */
export interface KeyPattern {
  /**
   * A key with placeholders: `cli~res~Observation~{id}`, or `<id>`. Each placeholder is one escaped part, named after
   * its content (`patient`, `time`, `opId`). A pattern that ends in `*` is a range read of all keys with that prefix.
   */
  readonly pattern: string;
  readonly mode: AccessMode;
  /** Only the state tells the key: it is found while the operation is applied. */
  readonly discovered?: boolean;
}

/** Which keys an operation touches and how, as declared by its contract. */
export interface KeyTemplate {
  /** e.g. `Observation.create`. */
  readonly operation: string;
  readonly version: number;
  readonly keys: readonly KeyPattern[];
}
