export {
  AnswerCache,
  type PendingAnswer,
  type AnswerCacheOptions,
  type LookupKey,
  type CacheCounts,
  type Lookup,
  type AnswerCallback,
} from './answer-cache.ts';
export { BackendWrites, type ChangesPort, type StatementEnd } from './backend-writes.ts';
export { catalogQuery } from './catalog-query.ts';
export { definitionsQuery } from './definitions.ts';
export { anyChange, changesOf, changesSomething, preparedChanges, unknownCode, type Changes } from './changes.ts';
export { Epochs, definitions, wholeDatabase, type EpochId } from './epochs.ts';
export { mentionsCurrentTime } from './readable.ts';
export { TextCache } from './text-cache.ts';
export { readCatalogRows, RelationGraph, type CatalogRows } from './relation-graph.ts';
export { RuleLists, ruleOf, type CacheRule } from './rules.ts';
export { SharedEpochs, type SharedEpochsOptions } from './shared-epochs.ts';
export type { SharedAnswers, SharedChange, SharedLink, SharedQuestion } from './shared-link.ts';
export {
  grantFor,
  Lease,
  ownShare,
  type Holder,
  type LeaseBook,
  type LeaseOptions,
  type LeaseTerms,
} from './leases.ts';
