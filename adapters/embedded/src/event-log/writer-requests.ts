import type { ThreadAnswer } from '../threads/thread-client.ts';
import type { Chunk } from './chunk.ts';
import type { Commit } from './committed-offsets.ts';
import type { PartitionFiles } from './partition-files.ts';
import type { SegmentLimits } from './partition-writer.ts';

/** What the thread that writes is started with. */
export interface WriterThreadData {
  /** Channel on which it wakes the readers of this process; each message is the name of a partition that has grown. */
  readonly wakeUpChannel: string;
  readonly limits: SegmentLimits;
}

/** What the thread that writes is asked; each request gets one answer with its id. */
export type WriterRequest =
  | { readonly kind: 'append'; readonly id: number; readonly files: PartitionFiles; readonly chunks: readonly Chunk[] }
  | ({ readonly kind: 'commit'; readonly id: number } & Commit)
  | { readonly kind: 'truncate'; readonly id: number; readonly files: PartitionFiles; readonly offset: number }
  | { readonly kind: 'sweep'; readonly id: number; readonly files: PartitionFiles }
  | { readonly kind: 'close'; readonly id: number };

export type AppendRequest = Extract<WriterRequest, { kind: 'append' }>;

/** The base offset of an append, 0 for anything else; or why it failed. */
export type WriterAnswer = ThreadAnswer<number>;
