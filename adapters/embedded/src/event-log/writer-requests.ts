import type { ThreadAnswer } from '../threads/thread-client.ts';
import type { Chunk } from './chunk.ts';
import type { Commit } from './committed-offsets.ts';
import type { PartitionFiles } from './partition-files.ts';
import type { SegmentLimits } from './partition-writer.ts';

/** workerData of the writer thread. */
export interface WriterThreadData {
  /** Channel on which it wakes readers of this process; each message names a partition that has grown. */
  readonly wakeUpChannel: string;
  readonly limits: SegmentLimits;
}

/** Requests to the writer thread; each gets one answer with its id. */
export type WriterRequest =
  | { readonly kind: 'append'; readonly id: number; readonly files: PartitionFiles; readonly chunks: readonly Chunk[] }
  | ({ readonly kind: 'commit'; readonly id: number } & Commit)
  | { readonly kind: 'truncate'; readonly id: number; readonly files: PartitionFiles; readonly offset: number }
  | { readonly kind: 'sweep'; readonly id: number; readonly files: PartitionFiles }
  | { readonly kind: 'close'; readonly id: number };

export type AppendRequest = Extract<WriterRequest, { kind: 'append' }>;

/** The base offset of an append, 0 for other requests; or the error. */
export type WriterAnswer = ThreadAnswer<number>;
