export {
  AnswerCache,
  type Filling,
  type AnswerCacheOptions,
  type Asked,
  type CacheCounts,
  type Lookup,
  type Then,
} from './answer-cache.ts';
export { BackendWrites, type ChangesPort, type Ended } from './backend-writes.ts';
export { catalogQuery } from './catalog-query.ts';
export { definitionsQuery } from './definitions.ts';
export { anything, changesOf, changesSomething, preparedChanges, unseen, type Changes } from './changes.ts';
export { Epochs, schema, whole, type EpochId } from './epochs.ts';
export { namesTheClock } from './readable.ts';
export { RememberedTexts } from './remembered-texts.ts';
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
