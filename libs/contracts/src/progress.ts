import { z } from 'zod';
import { jsonCodec } from './json-codec.ts';
import { seq, wholeNumber } from './schemas.ts';

/** The value of the compacted `progress` topic, key = channel + generation; readers take the highest generation. */
export interface Progress {
  readonly channel: string;
  /** Increased by one each time an orderer-dag takes over the channel. */
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
  /** The last record of its generation: its writer has released the channel, and the next may take it over at once. */
  readonly handedOver?: true | undefined;
}

export const progressSchema = z.object({
  channel: z.string().min(1),
  generation: wholeNumber,
  lowWaterMark: seq,
  doneRanges: z.array(z.tuple([seq, seq])),
  live: wholeNumber,
  contractVersion: z.string(),
  blockHeight: wholeNumber,
  handedOver: z.literal(true).optional(),
}) satisfies z.ZodType<Progress>;

/** Reads and writes the records of the `progress` topic. */
export const progressCodec = jsonCodec<Progress>('progress', 1, progressSchema);

/** Compaction key of a progress record: the last one of each generation stays. */
export function progressKey(progress: Pick<Progress, 'channel' | 'generation'>): string {
  return `${progress.channel}/${progress.generation}`;
}

/**
 * The current progress: the last record of the highest generation. `undefined` for a channel without a leader so far.
 */
export function newestProgress(channel: string, values: readonly Uint8Array[]): Progress | undefined {
  let newest: Progress | undefined;
  for (const value of values) {
    const progress = progressCodec.decode(value);
    if (progress.channel !== channel) continue;
    if (newest === undefined || progress.generation >= newest.generation) newest = progress;
  }
  return newest;
}

export const progressExample: Progress = {
  channel: 'ehr',
  generation: 3,
  lowWaterMark: 1_048_570,
  doneRanges: [[1_048_572, 1_048_576]],
  live: 214,
  contractVersion: '1',
  blockHeight: 813,
};
