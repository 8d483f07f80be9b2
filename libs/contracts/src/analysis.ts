import { z } from 'zod';
import { jsonCodec } from './json-codec.ts';
import { mintedId, seq, wholeNumber } from './schemas.ts';

/** Edge types between an earlier and a later operation on one key; `commuting` pairs have none. */
export const edgeTypes = ['RAW', 'WAR', 'WAW'] as const;
export type EdgeType = (typeof edgeTypes)[number];

/** The analyzer's advice about one operation. orderer-dag works correctly without it. */
export interface Analysis {
  readonly seq: number;
  readonly opId: string;
  /** Immediate predecessors that were live when it was analysed. */
  readonly edges: readonly { readonly from: number; readonly type: EdgeType }[];
  /** True if a plain client would have lost it to a conflict with an earlier live operation. */
  readonly isConflicting: boolean;
  /** Longest chain of live operations before it, 0 for none. */
  readonly depth: number;
  /** Longest chain of live operations after it at this time; may grow later. */
  readonly criticality: number;
}

/** The value of one record of the `analyzed` topic: a run of operations of one channel. */
export interface AnalyzedRun {
  readonly channel: string;
  readonly analyses: readonly Analysis[];
}

const analysis = z.object({
  seq,
  opId: mintedId,
  edges: z.array(z.object({ from: seq, type: z.enum(edgeTypes) })),
  isConflicting: z.boolean(),
  depth: wholeNumber,
  criticality: wholeNumber,
}) satisfies z.ZodType<Analysis>;

export const analyzedRunSchema = z.object({
  channel: z.string().min(1),
  analyses: z.array(analysis),
}) satisfies z.ZodType<AnalyzedRun>;

/** Reads and writes the records of the `analyzed` topic. */
export const analyzedCodec = jsonCodec<AnalyzedRun>('analyzed', 1, analyzedRunSchema);

export const analyzedExample: AnalyzedRun = {
  channel: 'ehr',
  analyses: [
    {
      seq: 1_048_577,
      opId: '5f0c2d7a9b1e4c3688d2f4a6e0b7c915',
      edges: [{ from: 1_048_576, type: 'RAW' }],
      isConflicting: true,
      depth: 1,
      criticality: 0,
    },
  ],
};
