import type { MetadataEntry, Version } from './ledger.ts';

/** A value of the state with the version that wrote it. Shared, not copied: do not modify the bytes. */
export interface VersionedValue {
  readonly value: Uint8Array;
  readonly version: Version;
  /** Absent where there is none. */
  readonly metadata?: readonly MetadataEntry[];
}

/** One line of a range read. */
export interface StateEntry extends VersionedValue {
  readonly key: string;
}

/**
 * The committed state as it stood at one height, unchanged by blocks that come later: what an endorser simulates on.
 * Counted by its holders: whoever keeps it past the call that gave it retains it, and releases it once.
 */
export interface StateView {
  /** Number of blocks whose writes it includes. */
  readonly height: number;
  /** Values in the order of the keys; at once when all are in memory. */
  get(
    namespace: string,
    keys: readonly string[],
  ): readonly (VersionedValue | undefined)[] | Promise<readonly (VersionedValue | undefined)[]>;
  /** Keys from `start` (inclusive) to `end` (exclusive; empty for no end) in text order. */
  range(namespace: string, start: string, end: string): AsyncIterable<StateEntry>;
  retain(): void;
  release(): void;
}
