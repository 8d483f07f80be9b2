/** The value of the compacted `progress` topic, key = channel + generation; readers take the highest generation. */
export interface Progress {
  readonly channel: string;
  /** Rises by one each time an orderer-dag takes the channel over. */
  readonly generation: number;
  /** Every operation with a lower seq is terminal. */
  readonly lowWaterMark: number;
  /** Terminal operations above the mark: [first seq, last seq], inclusive, ascending, disjoint. */
  readonly doneRanges: readonly (readonly [number, number])[];
  /** Operations accepted and not terminal that orderer-dag has read. */
  readonly live: number;
  readonly contractVersion: string;
  /** Block height that this progress was made from. */
  readonly blockHeight: number;
}
