/** Edge types between an earlier and a later operation on one key; `commuting` pairs have none. */
export const edgeTypes = ['RAW', 'WAR', 'WAW'] as const;
export type EdgeType = (typeof edgeTypes)[number];

/** What the analyzer says of one operation. Advice: orderer-dag is right without it. */
export interface Analysis {
  readonly seq: number;
  readonly opId: string;
  /** Immediate predecessors that were live when it was analysed. */
  readonly edges: readonly { readonly from: number; readonly type: EdgeType }[];
  /** Would have lost to an earlier live operation on a plain client. */
  readonly isConflicting: boolean;
  /** Longest chain of live operations before it, 0 for none. */
  readonly depth: number;
  /** Longest chain of live operations behind it when this was said; rises later. */
  readonly criticality: number;
}
